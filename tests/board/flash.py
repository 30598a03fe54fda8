# The flash of a board: the one file system there is, so that nothing of the computer can be reached or harmed.
import os

import vfs

BLOCK = 4096  # bytes that NOR flash erases at once
BLOCKS = 512  # of a new image: 2 MiB, what MicroPython leaves of an ESP32's 4 MiB
COUNT, SIZE, ERASE = 4, 5, 6  # what ioctl is asked for


class Image:
    # NOR flash in a file: erased bytes are 0xff.
    def __init__(self, path):
        try:
            self._file = open(path, "r+b")
        except OSError:
            _erased(path)
            self._file = open(path, "r+b")
        self._blocks = self._file.seek(0, 2) // BLOCK

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.write(buffer)
        self._file.flush()

    def ioctl(self, request, argument):
        if request == ERASE:
            self.writeblocks(argument, b"\xff" * BLOCK)
        return {COUNT: self._blocks, SIZE: BLOCK}.get(request, 0)


def _erased(path):
    # All of it or nothing: a power cut in the middle must not leave a small flash.
    with open(path + ".new", "wb") as file:
        for _ in range(BLOCKS):
            file.write(b"\xff" * BLOCK)
    os.rename(path + ".new", path)


def mount(place):
    # A folder as it is, or a littlefs image, formatted when it is new.
    system = _littlefs(Image(place)) if place.endswith(".img") else _folder(place)
    vfs.umount("/")
    vfs.mount(system, "/")
    os.chdir("/")


def _folder(place):
    try:
        os.mkdir(place)
    except OSError:
        pass  # it is there
    return vfs.VfsPosix(place)


def _littlefs(image):
    try:
        return vfs.VfsLfs2(image)
    except OSError:
        vfs.VfsLfs2.mkfs(image)
        return vfs.VfsLfs2(image)
