"""Terminals that show what a program writes: two kinds, which differ in what a narrower width does
to the lines that stand there."""
import pyte


class CroppingScreen:
    """Cuts lines off, as xterm does: python3-pyte's."""

    def __init__(self, columns, rows=24):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)

    def feed(self, written):
        self.stream.feed(written)

    def resize(self, columns):
        self.screen.resize(columns=columns)

    def lines(self):
        """What stands there, without the empty lines at the end."""
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def colours(self, row):
        """Words in colour in a row: {word: colour}."""
        found = {}
        for column in range(self.screen.columns):
            cell = self.screen.buffer[row][column]
            if cell.fg != "default" and cell.data != " ":
                found[cell.fg] = found.get(cell.fg, "") + cell.data
        return {word: colour for colour, word in found.items()}


class WrappingScreen:
    """Wraps lines that are too long, and wraps them anew when the width changes, as most terminals
    of today do. Knows only what polyak writes: text, CR, LF, erase line and erase screen."""

    def __init__(self, columns, _=24):
        self.columns = columns
        self.text = [[]]  # of each whole line
        self.line = 0
        self.offset = 0  # of the cursor in its line
        self.escape = ""

    def feed(self, written):
        for character in written.decode():
            self._put(character)

    def _put(self, character):
        if self.escape or character == "\x1b":
            self.escape += character
            if character.isalpha():
                self._obey(self.escape)
                self.escape = ""
        elif character == "\r":
            self.offset -= self.offset % self.columns
        elif character == "\n":
            self.line += 1
            self.offset = 0
            if self.line == len(self.text):
                self.text.append([])
        else:
            line = self.text[self.line]
            line.extend(" " * (self.offset + 1 - len(line)))
            line[self.offset] = character
            self.offset += 1

    def _obey(self, escape):
        line = self.text[self.line]
        if escape == "\x1b[K":
            end = self.offset - self.offset % self.columns + self.columns
            line[self.offset:end] = " " * (min(end, len(line)) - self.offset)
        elif escape == "\x1b[J":
            del line[self.offset:]
            del self.text[self.line + 1:]
        elif not escape.endswith("m"):
            raise AssertionError(f"not known here: {escape!r}")

    def resize(self, columns):
        self.columns = columns

    def lines(self):
        rows = []
        for line in self.text:
            text = "".join(line).rstrip()
            rows += [text[k:k + self.columns].rstrip()
                     for k in range(0, max(len(text), 1), self.columns)]
        while rows and not rows[-1]:
            rows.pop()
        return rows
