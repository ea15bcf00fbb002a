"""Runs inside the namespaces of a private pcscd: starts it, kills it, and dials its virtual slots.

Started by `edge.drivers.fake.virtual_pcscd` as a script of its own, with one end of a Unix
socket as standard input. Each request is one byte, each answer one byte and, for a slot, the
connected TCP socket beside it (SCM_RIGHTS):

    S start pcscd    K kill it (-9)    0, 1 dial slot 0 or 1    -> + done, - refused

When the other end hangs up, for whatever reason, pcscd ends. vpcd listens on every address, and
here the only network is a loopback of its own.
"""

import fcntl
import socket
import struct
import subprocess
import sys

VPCD_PORT = 35963
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # netdevice(7)


def main(configuration_folder: str, log_path: str) -> None:
    """Serve requests on standard input until it closes."""
    _raise_loopback()
    pcscd: subprocess.Popen[bytes] | None = None
    with (
        socket.socket(fileno=sys.stdin.fileno()) as requests,
        open(log_path, "ab") as log,  # noqa: PTH123  no import beyond need: it starts in 20 ms
    ):
        while request := requests.recv(1):
            done, attached = True, []
            if request == b"S":
                pcscd = subprocess.Popen(  # noqa: S603  fixed words and our own folder
                    ["/usr/sbin/pcscd", "--foreground", "--config", configuration_folder],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            elif request == b"K" and pcscd is not None:
                pcscd.kill()
                pcscd.wait()
            elif request in (b"0", b"1"):
                try:
                    port = VPCD_PORT + int(request)
                    attached = [socket.create_connection(("127.0.0.1", port))]
                except OSError:
                    done = False
            else:
                done = False
            socket.send_fds(requests, [b"+" if done else b"-"], [a.fileno() for a in attached])
            for slot in attached:
                slot.close()
        if pcscd is not None:
            pcscd.terminate()
            pcscd.wait()


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        answer = fcntl.ioctl(any_socket, SIOCGIFFLAGS, request)
        flags = struct.unpack("16sH14x", answer)[1] | IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
