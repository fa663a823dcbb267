"""Where is api.mch.weixin.qq.com? Some clients know no other host: here, for the command that this runs.

    python3 interop/real_host.py node interop/hongbao_dev.mjs interop/wechat-pay/test_redpack.mjs

runs it in a mount and a network namespace of its own, with an /etc/hosts of its own and loopback for the whole
network, where HONGBAO_LISTEN tells the platform to listen on port 443. All of that is gone when the command ends;
of the machine nothing changes. It needs to be root, or to be let become root in a user namespace."""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile

HOST = "api.mch.weixin.qq.com"
INSIDE = "--inside"
NAMESPACES = ["--mount", "--net"]
# From linux/sockios.h and linux/if.h.
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def enter(command):
    """Runs this file again, inside."""
    ways = [["unshare", *NAMESPACES], ["unshare", "--user", "--map-root-user", *NAMESPACES]]
    for way in ways:
        if subprocess.run([*way, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.execvp("unshare", [*way, sys.executable, os.path.abspath(__file__), INSIDE, *command])
    sys.exit(
        "error: no namespaces: neither `" + "` nor `".join(" ".join([*way, "true"]) for way in ways) + "` works here; "
        "be root, or allow user namespaces (a container needs CAP_SYS_ADMIN for either)"
    )


def prepare():
    """The network and the hosts of the namespaces that this is in."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # A struct ifreq: the interface's name, its flags, and the rest of a union.
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as hosts:
        hosts.write(f"127.0.0.1 localhost {HOST}\n")
        hosts.flush()
        os.fchmod(hosts.fileno(), 0o644)
        # The mount outlives the file's name.
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
    found = {address[4][0] for address in socket.getaddrinfo(HOST, 443, proto=socket.IPPROTO_TCP)}
    if found != {"127.0.0.1"}:
        sys.exit(f"error: {HOST} is {', '.join(sorted(found))}, although /etc/hosts says 127.0.0.1")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if sys.argv[1] != INSIDE:
        enter(sys.argv[1:])
    prepare()
    # No proxy can be reached from here.
    surroundings = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = sys.argv[2:]
    os.execvpe(command[0], command, {**surroundings, "HONGBAO_LISTEN": "127.0.0.1:443"})


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as missing:
        name = os.path.basename(os.fsdecode(missing.filename))
        advice = "; on Debian: apt-get install util-linux mount" if name in ("unshare", "mount") else ""
        sys.exit(f"error: {name} is missing{advice}")
