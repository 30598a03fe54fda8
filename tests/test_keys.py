"""The home's secrets on disk: the pillows' keys and the certificate."""

import datetime
import socket
import ssl
import stat
import threading

import pytest
from cryptography import x509

from bridge import certificate, secretfile
from bridge.errors import Trouble
from bridge.keys import KEY_BYTES, Keys

PILLOW = "00112233aabbccdd"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_pillow_without_a_key_has_none(tmp_path):
    assert Keys(tmp_path).of(PILLOW) == ()


def test_a_key_is_random_and_only_its_owner_may_read_it(tmp_path):
    keys = Keys(tmp_path)
    key = keys.offer(PILLOW)
    assert len(key) == KEY_BYTES
    assert key != keys.offer("ffeeddccbbaa9988")
    assert mode(tmp_path / "keys") == 0o700
    assert {mode(path) for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_a_key_is_there_again_after_a_restart(tmp_path):
    keys = Keys(tmp_path)
    key = keys.offer(PILLOW)
    assert Keys(tmp_path).of(PILLOW) == (key,)
    keys.proved(PILLOW, key)
    assert Keys(tmp_path).of(PILLOW) == (key,)


def test_the_old_key_counts_until_the_new_one_was_proved(tmp_path):
    keys = Keys(tmp_path)
    old = keys.offer(PILLOW)
    keys.proved(PILLOW, old)
    new = keys.offer(PILLOW)
    assert keys.offer(PILLOW) == new != old
    assert keys.of(PILLOW) == (new, old)
    keys.proved(PILLOW, old)
    assert keys.of(PILLOW) == (new, old)
    keys.proved(PILLOW, new)
    assert keys.of(PILLOW) == Keys(tmp_path).of(PILLOW) == (new,)


def test_a_forgotten_pillow_has_no_key_even_after_a_restart(tmp_path):
    keys = Keys(tmp_path)
    keys.proved(PILLOW, keys.offer(PILLOW))
    keys.offer(PILLOW)
    keys.forget(PILLOW)
    assert keys.of(PILLOW) == Keys(tmp_path).of(PILLOW) == ()
    assert list((tmp_path / "keys").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"ab" * 31, b"zz" * 32, b"ab" * 33])
def test_a_file_that_holds_no_key_counts_as_none(tmp_path, content):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / PILLOW).write_bytes(content)
    assert Keys(tmp_path).of(PILLOW) == ()


def test_no_name_of_a_pillow_leads_out_of_the_folder(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "notes.txt").write_bytes(b"ab" * 32)
    assert Keys(tmp_path).known() == set()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "keys").write_bytes(b"")
    with pytest.raises(Trouble, match="cannot be used"):
        Keys(tmp_path)


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path):
    secretfile.write(tmp_path / "secret", b"one")
    secretfile.write(tmp_path / "secret", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert secretfile.read(tmp_path / "secret") == b"two"
    secretfile.remove(tmp_path / "secret")
    assert secretfile.read(tmp_path / "secret") == b""


def test_the_certificate_is_made_once_for_its_owner_alone(tmp_path):
    first, again = certificate.of_home(tmp_path), certificate.of_home(tmp_path)
    assert first == again
    assert mode(first.path) == 0o600


def test_the_certificate_is_valid_for_a_chip_that_believes_it_is_2000(tmp_path):
    made = x509.load_der_x509_certificate(certificate.of_home(tmp_path).der)
    assert made.not_valid_before_utc <= datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    assert made.not_valid_after_utc.year == 2099
    assert made.public_key().curve.name == "secp256r1"


def test_two_homes_have_two_names(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = certificate.of_home(tmp_path / "one"), certificate.of_home(tmp_path / "two")
    assert one.host != two.host
    assert certificate.of_home(tmp_path / "one").host == one.host


def test_a_damaged_certificate_is_one_sentence_and_is_kept(tmp_path):
    path = certificate.of_home(tmp_path).path
    path.write_bytes(b"not a certificate")
    with pytest.raises(Trouble, match="is damaged"):
        certificate.of_home(tmp_path)
    assert path.read_bytes() == b"not a certificate"


def shake_hands(server, client, name):
    """Real TLS between two sockets. Returns None, or why the client refused."""
    here, there = socket.socketpair()
    refused = []

    def serve():
        try:
            server.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(here, server_hostname=name).close()
    except ssl.SSLCertVerificationError as error:
        refused.append(error.verify_message)
    finally:
        here.close()
        thread.join()
    return refused[0] if refused else None


def client_of(der):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=der)
    return context


def test_who_pins_the_certificate_accepts_it_and_no_other(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = certificate.of_home(tmp_path / "one"), certificate.of_home(tmp_path / "two")
    assert shake_hands(one.context(), client_of(one.der), certificate.SERVER_NAME) is None
    assert shake_hands(two.context(), client_of(one.der), certificate.SERVER_NAME)
    assert "mismatch" in shake_hands(one.context(), client_of(one.der), "another.name")
