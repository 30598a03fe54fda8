"""Who may come in over the network: the caps of the door, and the pace at which anybody is read."""

import pytest

from bridge.door import HANDSHAKES, KNOCKS, STRANGERS, STRANGERS_EACH, Door, is_near
from bridge.pace import Pace

PLACE = "192.168.1.7"


def test_one_address_has_few_places_until_it_leaves_or_proves_itself():
    door = Door()
    assert [door.admit(PLACE, 0) for _ in range(STRANGERS_EACH + 1)] == [True] * STRANGERS_EACH + [False]
    door.leave(PLACE)
    assert door.admit(PLACE, 0)


def test_a_full_address_takes_nothing_from_another():
    door = Door()
    while door.admit(PLACE, 0):
        pass
    assert door.admit("192.168.1.8", 0)


def test_all_strangers_together_have_few_places():
    door = Door()
    came = sum(door.admit(f"10.0.{number // 250}.{number % 250}", number) for number in range(4 * STRANGERS))
    assert came == STRANGERS


def test_who_comes_and_goes_all_the_time_is_let_in_once_a_second():
    door = Door()

    def knocks(now_s):
        came = 0
        for _ in range(1_000):
            if door.admit(PLACE, now_s):
                came += 1
                door.leave(PLACE)
        return came

    assert knocks(0) == KNOCKS
    assert knocks(10) == 10


def test_a_knock_that_is_not_answered_costs_others_nothing():
    door = Door()
    for _ in range(10 * int(HANDSHAKES)):
        if door.admit(PLACE, 0):
            door.leave(PLACE)
    assert door.admit("192.168.1.8", 0)


def test_many_addresses_that_come_and_go_cost_no_more_than_a_few_handshakes_a_second():
    door = Door()
    came = 0
    for number in range(5_000):
        address = f"10.{number // 62500}.{number // 250 % 250}.{number % 250}"
        if door.admit(address, 0):
            came += 1
            door.leave(address)
    assert came == HANDSHAKES


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.9", "192.168.0.2", "169.254.7.7", "fe80::1%eth0", "fd00::5"]
)
def test_the_home_s_own_network_is_near(address):
    assert is_near(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450::5", "::ffff:8.8.8.8", "172.32.0.1", "", "pillow"])
def test_the_rest_of_the_world_is_not_near_and_not_let_in(address):
    assert not is_near(address)
    assert not Door().admit(address, 0)


def test_a_pace_gives_a_burst_and_then_so_much_a_second():
    pace = Pace(10, 2)
    assert [pace.take(5, 0) for _ in range(3)] == [True, True, False]
    assert not pace.take(5, 2)
    assert pace.take(5, 2.5)


def test_what_was_overdrawn_is_rested_off():
    pace = Pace(10, 2)
    assert pace.spend(4, 0) == 0
    assert pace.spend(10, 0) == 2
    assert pace.spend(0, 2) == 0
