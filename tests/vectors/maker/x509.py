# SPDX-License-Identifier: BSD-2-Clause
"""Certificates (RFC 5280), every field of which can be got wrong."""
from . import der
from .keys import key
from .seed import derive

SIGNATURE_OIDS = {-7: "1.2.840.10045.4.3.2", -35: "1.2.840.10045.4.3.3",
                  -36: "1.2.840.10045.4.3.4", -257: "1.2.840.113549.1.1.11",
                  -65535: "1.2.840.113549.1.1.5", -8: "1.3.101.112"}
C, O, OU, CN = "2.5.4.6", "2.5.4.10", "2.5.4.11", "2.5.4.3"
AAGUID_OID = "1.3.6.1.4.1.45724.1.1.4"


def name(*pairs):
    """A Name of one attribute an RDN; the country is a PrintableString."""
    return der.sequence(*[
        der.set_of(der.sequence(der.oid(kind),
                                der.printable(text) if kind == C else der.utf8(text)))
        for kind, text in pairs])


def subject(c="AA", o="passkeyd vectors", ou="Authenticator Attestation",
            cn="Vector authenticator"):
    return name(*[(kind, text) for kind, text in ((C, c), (O, o), (OU, ou), (CN, cn))
                  if text is not None])


def extension(number, value, critical=False):
    return der.sequence(der.oid(number), der.boolean(True) if critical else b"",
                        der.octets(value))


def basic_constraints(ca, critical=True, path_length=None):
    parts = [der.boolean(True)] if ca else []
    if path_length is not None:
        parts.append(der.integer(path_length))
    return extension("2.5.29.19", der.sequence(*parts), critical)


def key_usage(bit_string, critical=True):
    """bit_string: the content octet; 0x80 digitalSignature, 0x06 keyCertSign and cRLSign."""
    unused = next(i for i in range(8) if bit_string >> i & 1)
    return extension("2.5.29.15", der.bits(bytes([bit_string]), unused), critical)


def aaguid_extension(aaguid, critical=False, wrapped=True):
    return extension(AAGUID_OID, der.octets(aaguid) if wrapped else aaguid, critical)


def certificate(subject_name, issuer_name, public, signer, extensions, *, version=3,
                not_before="2020-01-01", not_after="2040-01-01", serial=None, signature=None):
    """signer signs for issuer_name; signature, if given, changes the signature's bytes."""
    kind = SIGNATURE_OIDS[signer.alg]
    algorithm = der.sequence(der.oid(kind), der.null() if signer.kty == 3 else b"")
    serial = serial or int.from_bytes(
        derive("serial" + (subject_name + public.spki()).hex(), 15), "big") | 1 << 112
    tbs = der.sequence(
        der.explicit(0, der.integer(version - 1)) if version != 1 else b"",
        der.integer(serial), algorithm, issuer_name,
        der.sequence(der.time(not_before), der.time(not_after)),
        subject_name, public.spki(),
        der.explicit(3, der.sequence(*extensions)) if extensions else b"")
    signed = signer.sign(tbs)
    return der.sequence(tbs, algorithm, der.bits(signature(signed) if signature else signed))


class Authority:
    """A CA: a name, a key and a certificate by its issuer (itself, for a root)."""

    def __init__(self, common_name, issuer=None, signer=None, ca=True, path_length=None,
                 usage=0x06, **validity):
        self.name = name((C, "AA"), (O, "passkeyd vectors"), (CN, common_name))
        self.key = signer or key("ES256", common_name)
        by = issuer or self
        extensions = [] if ca is None else [basic_constraints(ca, path_length=path_length)]
        if usage:
            extensions.append(key_usage(usage))
        self.der = certificate(self.name, by.name, self.key, by.key, extensions, **validity)


ROOT = Authority("Vector root")
INTERMEDIATE = Authority("Vector intermediate", ROOT, path_length=0)
OTHER_ROOT = Authority("Another root")


def leaf(public, issuer=ROOT, subject_name=None, extensions=None, extra=(), **fields):
    """An attestation certificate as WebAuthn 8.2.1 wants it, unless told otherwise."""
    extensions = [basic_constraints(False)] if extensions is None else extensions
    signer = fields.pop("issuer_key", issuer.key)
    return certificate(subject_name or subject(), issuer.name, public, signer,
                       list(extensions) + list(extra), **fields)
