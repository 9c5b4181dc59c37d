# SPDX-License-Identifier: BSD-2-Clause
"""The software authenticator as the stock libfido2 tools see it, and its CTAPHID byte by byte."""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys

import pexpect
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")
sys.path.insert(0, SOURCE)

from ctap import cbor  # noqa: E402
from softkey import SoftKeyError, SoftKeys  # noqa: E402

LIBRARY = os.path.join(os.environ.get("top_builddir", "."), "tests/lib/.libs/libsoftkey.so")
RP_ID = "example.org"
CHALLENGE = base64.b64encode(hashlib.sha256(b"client data").digest()).decode()
USER_ID = base64.b64encode(b"user-one").decode()

pytestmark = [
    pytest.mark.skipif(shutil.which("fido2-token") is None, reason="no fido2-tools"),
    pytest.mark.skipif(not os.path.exists(LIBRARY), reason="no " + LIBRARY),
]


@pytest.fixture
def keys(tmp_path):
    with SoftKeys(str(tmp_path / "softkeys"), LIBRARY, keep=True) as running:
        yield running


def environment(keys):
    return {**os.environ, **keys.environment()}


def tool(keys, *arguments, text="", status=0):
    done = subprocess.run(
        arguments, env=environment(keys), input=text, text=True, capture_output=True, timeout=60
    )
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


def with_pin(keys, pins, *arguments, text=None):
    """Runs a tool on a terminal, answering each PIN prompt; (exit status, output)."""
    child = pexpect.spawn(
        arguments[0], list(arguments[1:]), env=environment(keys), encoding="utf-8", timeout=60
    )
    child.delayafterclose = child.ptyproc.delayafterclose = 0
    if text is not None:
        child.send(text)
    for pin in pins:
        child.expect(r"(?i)PIN[^\n]*: ?$")
        child.sendline(pin)
    child.expect(pexpect.EOF)
    output = child.before
    child.wait()
    child.close()
    return child.exitstatus, output


def credential_input():
    return "%s\n%s\nperson\n%s\n" % (CHALLENGE, RP_ID, USER_ID)


def make(keys, key, *options, algorithm="es256"):
    """fido2-cred -M; its output."""
    return tool(keys, "fido2-cred", "-M", *options, key.path, algorithm, text=credential_input())


def credential_id(made):
    return made.split("\n")[4]


def public_key(keys, made, *options, algorithm="es256"):
    """fido2-cred -V: libfido2 checks the attestation and gives the public key, PEM."""
    verified = tool(keys, "fido2-cred", "-V", *options, algorithm, text=made)
    return verified.split("\n", 1)[1]


def sign(keys, key, made, *options, status=0):
    text = "%s\n%s\n%s\n" % (CHALLENGE, RP_ID, credential_id(made))
    return tool(keys, "fido2-assert", "-G", *options, key.path, text=text, status=status)


def verify(keys, tmp_path, assertion, pem, *options, algorithm="es256", status=0):
    path = tmp_path / "public.pem"
    path.write_text(pem)
    tool(keys, "fido2-assert", "-V", *options, str(path), algorithm, text=assertion, status=status)


def authenticator_data(output):
    """Of an assertion or credential as the tools print it: base64 of a CBOR byte string."""
    return cbor.decode(base64.b64decode(output.split("\n")[2 if output.count("\n") < 6 else 3]))


def counter(assertion):
    return struct.unpack(">I", authenticator_data(assertion)[33:37])[0]


@pytest.fixture
def key(keys):
    return keys.add("blue")


# What the stock tools see


def test_list_names_plugged_keys(keys):
    blue = keys.add("blue", product="Blue Key")
    keys.add("green")
    keys.add("drawer", plug=False)
    listed = tool(keys, "fido2-token", "-L")
    assert blue.path + ":" in listed and "Blue Key" in listed
    assert "green" in listed and "drawer" not in listed
    blue.unplug()
    assert "blue" not in tool(keys, "fido2-token", "-L")


def test_info(keys):
    key = keys.add("blue")
    info = tool(keys, "fido2-token", "-I", key.path)
    assert "version strings: U2F_V2, FIDO_2_0, FIDO_2_1" in info
    assert "noclientPin" in info and "pin protocols: 2, 1" in info and "pin retries: 8" in info


@pytest.mark.parametrize("algorithm", ["es256", "eddsa", "es384", "rs256"])
@pytest.mark.parametrize("attestation", ["x5c", "self"])
def test_register_and_sign(keys, tmp_path, algorithm, attestation):
    key = keys.add("blue", attestation=attestation, algorithms=[-7, -8, -35, -257])
    made = make(keys, key, algorithm=algorithm)
    pem = public_key(keys, made, algorithm=algorithm)
    first, second = sign(keys, key, made), sign(keys, key, made)
    verify(keys, tmp_path, first, pem, "-p", algorithm=algorithm)
    verify(keys, tmp_path, second, pem, "-p", algorithm=algorithm)
    assert counter(second) > counter(first)


def test_attestation_certificate_is_issued_by_the_root(keys):
    made = make(keys, keys.add("blue"))
    certificate = x509.load_der_x509_certificate(base64.b64decode(made.split("\n")[6]))
    root = x509.load_pem_x509_certificate(keys.attestation_root().encode())
    root.public_key().verify(
        certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256())
    )
    extension = certificate.extensions.get_extension_for_oid(
        x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
    )
    assert extension.value.value[2:] == authenticator_data(made)[37:53]


def test_another_key_has_no_such_credential(keys):
    blue, green = keys.add("blue"), keys.add("green")
    assert "FIDO_ERR_NO_CREDENTIALS" in sign(keys, green, make(keys, blue), status=1)


def test_keys_are_kept(keys, tmp_path):
    made = make(keys, keys.add("blue"))
    keys.stop()
    keys.start()
    again = keys.key("blue").plug()
    verify(keys, tmp_path, sign(keys, again, made), public_key(keys, made), "-p")


def test_pin(keys, tmp_path):
    key = keys.add("blue")
    status, output = with_pin(keys, ["1234", "1234"], "fido2-token", "-S", key.path)
    assert status == 0, output
    assert key.info()["pin_set"]
    path = tmp_path / "credential"
    path.write_text(credential_input())
    made = str(tmp_path / "made")
    resident = ("fido2-cred", "-M", "-r", "-v", "-i", str(path), "-o", made, key.path)
    status, output = with_pin(keys, ["1234"], *resident)
    assert status == 0, output
    with open(made, encoding="utf-8") as file:
        public_key(keys, file.read(), "-v")
    assert key.info()["resident"] == 1
    status, output = with_pin(keys, ["1234"], "fido2-token", "-L", "-k", RP_ID, key.path)
    assert status == 0 and USER_ID in output, output


@pytest.mark.parametrize("protocol", [1, 2])
def test_wrong_pin_locks(keys, protocol):
    key = keys.add("blue", pin_protocols=[protocol]).set_pin("1234", tries=4)

    def change(pin):
        return with_pin(keys, [pin, "5678", "5678"], "fido2-token", "-C", key.path)

    assert change("0000")[0] != 0
    assert key.info()["pin_tries"] == 3
    assert change("1234")[0] == 0
    assert change("5678")[0] == 0
    assert key.info()["pin_tries"] == 8
    assert "FIDO_ERR_PIN_INVALID" in change("0000")[1]
    assert "FIDO_ERR_PIN_INVALID" in change("0000")[1]
    assert "FIDO_ERR_PIN_AUTH_BLOCKED" in change("0000")[1]
    assert "FIDO_ERR_PIN_AUTH_BLOCKED" in change("5678")[1]
    assert key.info()["pin_tries"] == 5
    key.replug()
    assert change("5678")[0] == 0
    assert key.info()["pin_tries"] == 8
    for tries in range(7, 0, -1):
        change("0000")
        assert key.info()["pin_tries"] == tries
        key.replug()
    assert "FIDO_ERR_PIN_BLOCKED" in change("0000")[1]
    key.replug()
    assert "FIDO_ERR_PIN_BLOCKED" in change("5678")[1]


def test_u2f(keys, tmp_path):
    key = keys.add("old", version="u2f")
    assert "nocbor" in tool(keys, "fido2-token", "-I", key.path)
    made = make(keys, key)
    pem = public_key(keys, made)
    assert made.split("\n")[2] == "fido-u2f"
    verify(keys, tmp_path, sign(keys, key, made), pem, "-p")
    assert "FIDO_ERR" in sign(keys, keys.add("other", version="u2f"), made, status=1)


# What a test can do to a key


@contextlib.contextmanager
def signing(keys, key, made, *options):
    """fido2-assert in the background."""
    child = subprocess.Popen(
        ["fido2-assert", "-G", *options, key.path],
        env=environment(keys),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child.stdin.write("%s\n%s\n%s\n" % (CHALLENGE, RP_ID, credential_id(made)))
    child.stdin.close()
    child.stdin = None
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def finish(child):
    output, errors = child.communicate(timeout=60)
    return child.returncode, output, errors


def test_late_touch(keys, tmp_path):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(touch="wait")
    mark = keys.mark()
    with signing(keys, key, made) as child:
        key.wait_touch_wanted()
        assert child.poll() is None
        assert key.touch()
        status, output, _ = finish(child)
    assert status == 0
    verify(keys, tmp_path, output, public_key(keys, made), "-p")
    assert not key.touch()
    names = [each["event"] for each in keys.events(mark)]
    assert names.index("touch-wanted") < names.index("touched")


def test_key_gives_up(keys):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(touch="wait")
    with signing(keys, key, made) as child:
        key.wait_touch_wanted()
        assert key.give_up()
        status, _, errors = finish(child)
    assert status == 1 and "FIDO_ERR" in errors


@pytest.mark.parametrize("moment", ["request", "keepalive", "touch"])
def test_unplugged_in_the_middle(keys, moment):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(unplug_at=moment)
    sign(keys, key, made, status=1)
    assert not key.info()["plugged"]
    key.plug()
    sign(keys, key, made)


def test_unplugged_by_hand_while_waiting(keys):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(touch="wait")
    with signing(keys, key, made) as child:
        key.wait_touch_wanted()
        key.unplug()
        assert finish(child)[0] == 1


def test_unplugged_after_some_reports(keys):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(unplug_after=9)
    sign(keys, key, made, status=1)
    assert not key.info()["plugged"]


def test_counter_goes_back(keys):
    key = keys.add("blue")
    made = make(keys, key)
    sign(keys, key, made)
    before = counter(sign(keys, key, made))
    key.set(counter="back")
    assert counter(sign(keys, key, made)) < before
    key.set(counter="zero")
    assert counter(sign(keys, key, made)) == 0
    key.set(counter="normal")
    assert counter(sign(keys, key, made)) == before + 1


def test_wrong_signature(keys, tmp_path):
    key = keys.add("blue")
    made = make(keys, key)
    pem = public_key(keys, made)
    key.set(wrong_signature=True)
    verify(keys, tmp_path, sign(keys, key, made), pem, status=1)


@pytest.mark.parametrize("version", ["2.1", "u2f"])
@pytest.mark.parametrize("garbage", ["report", "sequence", "length", "cbor"])
def test_garbage(keys, garbage, version):
    key = keys.add("blue", version=version)
    made = make(keys, key)
    key.set(garbage=garbage)
    sign(keys, key, made, status=1)
    key.set(garbage="")
    sign(keys, key, made)


@pytest.mark.parametrize("how", ["silent", "keepalive"])
def test_hang(keys, how):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(hang=how, misbehave_at="touch")
    with signing(keys, key, made) as child:
        key.wait("hanging")
        assert child.poll() is None
        child.terminate()
        finish(child)
    key.wait("closed")
    key.set(hang="")
    sign(keys, key, made)


def test_fingerprint(keys, tmp_path):
    key = keys.add("finger", uv=True)
    made = make(keys, key, "-v")
    pem = public_key(keys, made, "-v")
    verify(keys, tmp_path, sign(keys, key, made, "-t", "uv=true"), pem, "-p", "-v")
    key.set(missing_uv=True)
    verify(keys, tmp_path, sign(keys, key, made, "-t", "uv=true"), pem, "-v", status=1)
    key.set(missing_uv=False, fingerprint="reject")
    sign(keys, key, made, "-t", "uv=true", status=1)


def test_error_status(keys):
    key = keys.add("blue")
    made = make(keys, key)
    key.set(error=0x7F)
    assert "FIDO_ERR_ERR_OTHER" in sign(keys, key, made, status=1)


def test_second_opener_waits(keys):
    """flock: libfido2 opens a device for itself alone, and tries again while another has it."""
    key = keys.add("blue")
    made = make(keys, key)
    key.set(touch="wait")
    with signing(keys, key, made) as first:
        key.wait_touch_wanted()
        mark = keys.mark()
        with signing(keys, key, made) as second:
            key.wait("opened", mark)  # and now sleeps until it may try again
            key.set(touch="immediate")
            key.touch()
            assert finish(first)[0] == 0
            assert finish(second)[0] == 0


def test_twenty_keys_at_once(keys):
    names = ["key-%d" % i for i in range(20)]
    made = {name: make(keys, keys.add(name)) for name in names}
    for name in names:
        keys.key(name).set(touch="wait")
    with contextlib.ExitStack() as stack:
        children = {
            name: stack.enter_context(signing(keys, keys.key(name), made[name])) for name in names
        }
        for name in names:
            keys.key(name).wait_touch_wanted()
        for name in reversed(names):
            assert keys.key(name).touch()
        for name in names:
            status, output, errors = finish(children[name])
            assert status == 0, errors
            assert counter(output) == 2


def test_commands_are_checked(keys):
    with pytest.raises(SoftKeyError):
        keys.add("no/path")
    key = keys.add("blue")
    for mistake in ({"touch": "never"}, {"touhc": "wait"}):
        with pytest.raises(SoftKeyError):
            key.set(**mistake)
    with pytest.raises(SoftKeyError):
        keys.key("red").plug()


HIDRAW = """
import ctypes, fcntl, os, stat, struct, sys
os.closerange(3, 1000)
path = sys.argv[1]
fido = ctypes.CDLL("libfido2.so.1")
manifest = ctypes.CDLL(None).fido_dev_info_manifest
fido.fido_dev_info_new.restype = ctypes.c_void_p
infos, count = ctypes.c_void_p(fido.fido_dev_info_new(8)), ctypes.c_size_t()
ctypes.CDLL("libfido2.so.1", ctypes.RTLD_GLOBAL)
for _ in range(3):
    assert manifest(infos, 8, ctypes.byref(count)) == 0 and count.value == 1, count
for _ in range(20):
    device = os.open(path, os.O_RDWR)
    other = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    assert stat.S_ISCHR(os.fstat(device).st_mode)
    size = struct.unpack("i", fcntl.ioctl(device, 0x80044801, bytes(4)))[0]
    descriptor = bytearray(struct.pack("I4096x", size))
    fcntl.ioctl(device, 0x90044802, descriptor)
    assert descriptor[4:7].hex() == "06d0f1" and descriptor[3 + size] == 0xC0
    fcntl.flock(device, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        raise SystemExit("locked twice")
    except BlockingIOError:
        pass
    try:
        os.read(other, 64)
        raise SystemExit("read from nothing")
    except BlockingIOError:
        pass
    fcntl.flock(device, fcntl.LOCK_UN)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert os.write(device, bytes(65)) == 65
    os.close(other)
    os.close(device)
try:
    os.open(path + "-not", os.O_RDWR)
    raise SystemExit("opened what is not there")
except FileNotFoundError:
    pass
device = os.open(path, os.O_RDWR)
print("opened", flush=True)
try:
    os.read(device, 64)
    raise SystemExit("read from an unplugged key")
except OSError as error:
    assert error.errno == 5
os.write(device, bytes(65))
"""


def test_behaves_as_hidraw(keys, key):
    child = subprocess.Popen(
        [sys.executable, "-c", HIDRAW, key.path],
        env=environment(keys),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "opened\n"
    key.unplug()
    assert child.wait(60) == 0


def test_wrapper(keys, tmp_path):
    key = keys.add("blue")
    script = keys.wrapper(shutil.which("fido2-token"), str(tmp_path / "wrapper"))
    listed = subprocess.run([script, "-L"], env={}, capture_output=True, text=True, check=True)
    assert re.search("^" + key.path, listed.stdout)
