"""How long a pillow lives on a battery: a model. `python -m bench.battery` prints the table of docs/battery.md.

Its law: every assumption is a named number here and stands above the table; nothing is rounded in the pillow's favour.
"""

from dataclasses import dataclass

# Currents in mA, at 3.3 V. Typical figures of the datasheets; a board of your own is best measured.
AWAKE_MA = 68.0  # ESP32 with Wi-Fi in power save: most of it the processor, which asks its sensor 200 times a second
JOINING_MA = 120.0  # while it boots, joins and shakes hands
SENSOR_MA = 3.9  # MPU-6050 with its gyroscope
CHIP_ASLEEP_MA = 0.010  # deep sleep, with the pins that wake it
SENSOR_ASLEEP_MA = 0.020  # MPU-6050, five looks a second without its gyroscope
LIGHT_MA = 60.0  # eight pixels at 12 %, breathing
PIXELS_DARK_MA = 8.0  # eight WS2812 that show nothing still take 1 mA each: switch their supply off to save it

JOIN_S = 6.0  # from waking to the first report: boot, imports, join, TLS, proof
USABLE = 0.8  # of what is printed on a battery: the regulator needs its headroom, and age takes its share
LEAK_DAY = 0.001  # of a battery that is lost each day by itself
WAKES_BY_ITSELF = 4  # a day, for a minute each
NAP_MIN = 1.0
KNOCKS = 10  # a day that wake it for a minute: a slammed door, a cat
PLAY_MIN = 3.0
LIGHT_S = 12.0  # for each play: somebody hugs back

BOARDS = {"development board": 9.0, "board made for batteries": 0.04}  # mA of its regulator, USB chip and lamp, always
BATTERIES = {"3 AA (2000 mAh)": 2000.0, "18650 (2500 mAh)": 2500.0, "power bank (10000 mAh)": 10_000 * 3.7 / 5 * 0.9}
PLAYS = (5, 20)  # a day
SLEEPS = (0, 15, 5)  # `sleep_minutes`; 0: never


@dataclass(frozen=True)
class Day:
    """One day of a pillow.

    Args:
        plays: how often somebody plays with it.
        sleep_minutes: of its config.json.
        board_ma: what its board takes always.
        pixels_ma: what its pixels take while they are dark.
    """

    plays: int
    sleep_minutes: int
    board_ma: float
    pixels_ma: float

    @property
    def awake_h(self) -> float:
        """Hours awake: each play and the stillness after it, each knock, each time by itself; never over 24."""
        if self.sleep_minutes == 0:
            return 24.0
        minutes = self.plays * (PLAY_MIN + self.sleep_minutes) + (KNOCKS + WAKES_BY_ITSELF) * NAP_MIN
        return min(24.0, minutes / 60)

    @property
    def mah(self) -> float:
        """What it takes, in mAh."""
        wakes = self.plays + KNOCKS + WAKES_BY_ITSELF if self.sleep_minutes else 0
        awake = self.awake_h * (AWAKE_MA + SENSOR_MA)
        asleep = (24 - self.awake_h) * (CHIP_ASLEEP_MA + SENSOR_ASLEEP_MA)
        joining = wakes * JOIN_S / 3600 * JOINING_MA
        light = self.plays * LIGHT_S / 3600 * LIGHT_MA
        return awake + asleep + joining + light + 24 * (self.board_ma + self.pixels_ma)


def days(battery_mah: float, day: Day) -> float:
    """Return how many such days a battery lasts."""
    return battery_mah * USABLE / (day.mah + battery_mah * LEAK_DAY)


def table() -> list[str]:
    """Return the lines of the table."""
    sleeps = [f"sleeps after {minutes} min" if minutes else "never sleeps" for minutes in SLEEPS]
    heads = [f"{plays} plays, {sleep}" for plays in PLAYS for sleep in sleeps]
    lines = ["| board | battery | " + " | ".join(heads) + " |", "|---|---|" + "---|" * len(heads)]
    for board, board_ma in BOARDS.items():
        pixels_ma = PIXELS_DARK_MA if board == "development board" else 0.0
        for battery, mah in BATTERIES.items():
            lasts = [days(mah, Day(plays, minutes, board_ma, pixels_ma)) for plays in PLAYS for minutes in SLEEPS]
            lines.append(f"| {board} | {battery} | " + " | ".join(f"{value:.1f}" for value in lasts) + " |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
