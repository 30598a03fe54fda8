# Five verbs on the files of one folder. littlefs writes a file out when it is closed, and renames atomically.
import os


class Disk:
    def __init__(self, folder):
        self._folder = folder
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it is there; or nothing can be written, which append will say

    def names(self):
        return os.listdir(self._folder)

    def read(self, name):
        with open(self._path(name), "rb") as file:
            return file.read()

    def append(self, name, data):
        with open(self._path(name), "ab") as file:
            file.write(data)

    def replace(self, name, data):
        with open(self._path(name + ".new"), "wb") as file:
            file.write(data)
        os.rename(self._path(name + ".new"), self._path(name))

    def remove(self, name):
        os.remove(self._path(name))

    def _path(self, name):
        return self._folder + "/" + name
