"""What can be known of the containers without an engine that runs them: their files, names, ports and commands."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from afar import ROOT, Far

from web.serve import _asked

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
CADDYFILE = (ROOT / "Caddyfile").read_text(encoding="utf-8")
SERVICES = COMPOSE["services"]
PAGES = [name for name, service in SERVICES.items() if service.get("build") == "."]
ENTRYPOINT, CMD = (json.loads(re.search(rf"^{word} (\[.*\])", DOCKERFILE, re.M)[1]) for word in ("ENTRYPOINT", "CMD"))


def copied():
    """What the image's last stage copies out of the checkout, and where to."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    for line in re.findall(r"^COPY (?!--from)(.*)", last, re.M):
        *sources, target = line.split()
        yield from ((source, target) for source in sources)


def ignored(path):
    """Whether .dockerignore keeps a path out: its last line that fits decides."""
    kept_out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if pattern == "*" or path == pattern or path.startswith(pattern + "/") or path.endswith("/" + pattern):
            kept_out = not line.startswith("!")
    return kept_out


def test_everything_that_is_copied_is_there_and_let_in():
    lines = re.findall(r"^COPY (?!--from)(.*)", DOCKERFILE, re.M)
    for source in [name for line in lines for name in line.split()[:-1]]:
        assert (ROOT / source).exists() and not ignored(source), source
    assert ignored("web/node_modules") and ignored("bridge/__pycache__") and ignored(".git") and ignored("tests")


def test_what_is_copied_is_all_that_the_page_needs(azurite, queue_name, tmp_path):
    image = tmp_path / "app"
    for source, target in copied():
        place = image / target / ((ROOT / source).name if target.endswith("/") else "")
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
        else:
            shutil.copy(ROOT / source, place)
    (image / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    told = {"AZURE_STORAGE_CONNECTION_STRING": azurite.connection_string(), "HUGGABLE_QUEUE": queue_name}
    with Far(tmp_path / "data", *CMD, cwd=image, **told) as machine:
        assert machine.ask("/api/state")["pillows"] == []
        assert machine.get("/vendor/socket.io.js")[0] == 200


def test_the_image_is_not_run_by_root():
    users = re.findall(r"^USER (\w+)", DOCKERFILE, re.M)
    assert users and users[-1] != "root" and f"useradd --system --uid 10001 --no-create-home {users[-1]}" in DOCKERFILE


def test_what_is_installed_is_pinned_by_hash_and_the_two_lists_agree():
    assert "--require-hashes" in DOCKERFILE
    pins = [
        dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / path).read_text(), re.M))
        for path in ("requirements/run.txt", "requirements/azure.txt")
    ]
    assert {name for name in pins[0].keys() & pins[1].keys() if pins[0][name] != pins[1][name]} == set()


@pytest.mark.parametrize("words", [CMD, *(SERVICES[name]["command"] for name in PAGES)])
def test_the_commands_are_ones_that_the_program_knows(words):
    assert ENTRYPOINT[:3] == ["python", "-m", "web"]
    asked = _asked([*ENTRYPOINT[3:], *words])
    assert asked.host == "0.0.0.0" and (asked.queue is not None or asked.tail)


def test_one_machine_collects_and_no_two_share_a_folder():
    assert [SERVICES[name]["command"] for name in PAGES] == [["--queue"], ["--tail"]]
    folders = [volume.partition(":")[0] for service in SERVICES.values() for volume in service["volumes"]]
    named = [folder for folder in folders if not folder.startswith(".")]
    assert len(set(named)) == len(named) and set(named) == set(COMPOSE["volumes"])
    assert all(SERVICES[name]["volumes"][0].endswith(":/data") for name in PAGES)


def test_names_and_ports_fit_together():
    told = [SERVICES[name]["environment"] for name in PAGES]
    upstreams = re.search(r"reverse_proxy (.*) {", CADDYFILE)[1].split()
    assert upstreams == [f"{name}:{one['PORT']}" for name, one in zip(PAGES, told)]
    public = re.search(r"^(https://\S+) {", CADDYFILE, re.M)[1]
    assert {one["HUGGABLE_PUBLIC"] for one in told} == {public}
    assert SERVICES["proxy"]["ports"] == [f"127.0.0.1:{public.rpartition(':')[2]}:{public.rpartition(':')[2]}"]
    for one in told:
        queue, port = re.search(
            r"QueueEndpoint=http://(\w+):(\d+)/huggable;", one["AZURE_STORAGE_CONNECTION_STRING"]
        ).groups()
        assert f"--queuePort {port}" in SERVICES[queue]["command"] and SERVICES[queue]["ports"] == [
            f"127.0.0.1:{port}:{port}"
        ]
        stream = re.fullmatch(r"redis://(\w+):6379/0", one["HUGGABLE_REDIS"])[1]
        assert "--appendonly yes --appendfsync always" in SERVICES[stream]["command"]
    assert all(set(service.get("depends_on", [])) <= set(SERVICES) for service in SERVICES.values())


def test_azurite_is_the_one_of_the_tests_and_knows_these_words():
    version = json.loads((ROOT / "tests/azurite/package.json").read_text())["dependencies"]["azurite"]
    assert SERVICES["queue"]["image"].endswith(f":{version}")


def test_no_secret_is_in_these_files():
    texts = [(ROOT / name).read_text() for name in ("compose.yaml", "Dockerfile", "Caddyfile")]
    assert not re.search(r"[A-Za-z0-9+/]{40,}={0,2}", re.sub(r"\$\{[^}]*\}", "", "".join(texts)))
    for name in PAGES:
        assert SERVICES[name]["environment"]["HUGGABLE_KEY"].startswith("${HUGGABLE_KEY:?")


def test_everybody_but_the_proxy_is_reached_from_this_computer_alone():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_without_its_public_address_the_image_does_not_start(tmp_path):
    words = [*ENTRYPOINT[1:], *CMD, "--data", str(tmp_path)]
    url = {"HUGGABLE_QUEUE_URL": "https://account.queue.core.windows.net/huggable?sv=1&sig=x"}
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=url, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "HUGGABLE_PUBLIC" in done.stderr
