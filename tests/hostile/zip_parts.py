"""Zip archives made record by record (PKWARE's APPNOTE 6.3.10): every field can be wrong."""
import struct
import zlib
from dataclasses import dataclass, field


@dataclass
class Member:
    """What the local header and the directory say of it, as a good archive would; `local` and
    `central` are what one of them says otherwise."""
    name: bytes
    content: bytes
    method: int = 0
    flags: int = 0
    size: int = None          # unpacked, where the content is packed
    crc: int = None
    extra: bytes = b""
    local: dict = field(default_factory=dict)
    central: dict = field(default_factory=dict)
    header_at: int = None     # set while packing, where it isn't given
    writes: bool = True       # False: an entry of the directory alone

    def said(self, changes):
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        size = len(self.content) if self.size is None else self.size
        facts = {"flags": self.flags, "method": self.method, "crc": crc,
                 "stored": len(self.content), "size": size, "name": self.name,
                 "extra": self.extra, "disk": 0, "comment": b""}
        return {**facts, **changes}

    def local_header(self):
        f = self.said(self.local)
        return struct.pack("<4s5H3I2H", b"PK\3\4", 20, f["flags"], f["method"], 0, 0x21, f["crc"],
                           f["stored"], f["size"], len(f["name"]),
                           len(f["extra"])) + f["name"] + f["extra"]

    def entry(self):
        f = self.said(self.central)
        return struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, f["flags"], f["method"], 0, 0x21,
                           f["crc"], f["stored"], f["size"], len(f["name"]), len(f["extra"]),
                           len(f["comment"]), f["disk"], 0, 0,
                           f.get("at", self.header_at)) + f["name"] + f["extra"] + f["comment"]


def archive(*members, front=b"", **end):
    """The bytes of an archive; `end` changes the end record, `zip64` goes before it."""
    data = bytearray(front)
    for member in members:
        if member.header_at is None:
            member.header_at = len(data)
        if member.writes:
            data += member.local_header() + member.content
    directory = b"".join(member.entry() for member in members)
    facts = {"disk": 0, "directory_disk": 0, "here": len(members), "members": len(members),
             "bytes": len(directory), "at": len(data), "comment": b"", "zip64": b"", **end}
    zip64 = facts["zip64"](len(data), len(directory)) if facts["zip64"] else b""
    return bytes(data) + directory + zip64 + struct.pack(
        "<4s4H2IH", b"PK\5\6", facts["disk"], facts["directory_disk"], facts["here"],
        facts["members"], facts["bytes"], facts["at"], len(facts["comment"])) + facts["comment"]


def zip64_end(**changes):
    """The two records of zip64, which the end record can leave its numbers to."""
    def make(at, length):
        f = {"rest": 44, "disk": 0, "directory_disk": 0, "here": 3, "members": 3, "bytes": length,
             "at": at, "end": at + length, "disks": 1, **changes}
        return struct.pack("<4sQ2H2I4Q", b"PK\6\6", f["rest"], 45, 45, f["disk"],
                           f["directory_disk"], f["here"], f["members"], f["bytes"],
                           f["at"]) + struct.pack("<4sIQI", b"PK\6\7", 0, f["end"], f["disks"])
    return make
