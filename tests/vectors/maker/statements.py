# SPDX-License-Identifier: BSD-2-Clause
"""Attestation statements of every format (WebAuthn 8), as functions of the ceremony's context."""
import hashlib
import json

from . import der, x509
from .ceremony import b64, b64url, sha256
from .keys import key

NO_CHAIN = []
CHAIN = [x509.INTERMEDIATE.der]
EKU_AIK = "2.23.133.8.3"
ANDROID_OID = "1.3.6.1.4.1.11129.2.1.17"
APPLE_OID = "1.2.840.113635.100.8.2"


def attestation_key(name="ES256"):
    return key(name, "attestation")


def signed_bytes(context):
    return context.auth_data + context.client_hash


def packed(signer=None, certificate=None, chain=NO_CHAIN, alg=None, sign=None, **leaf):
    """x5c. leaf: fields of the certificate; certificate: changes its DER."""
    def make(context):
        signing = signer or attestation_key()
        fields = {"extra": [x509.aaguid_extension(context.aaguid)], **leaf}
        made = x509.leaf(signing, **fields)
        made = certificate(made) if certificate else made
        return {"alg": signing.alg if alg is None else alg,
                "sig": (sign or signing.sign)(signed_bytes(context)), "x5c": [made, *chain]}
    return make


def packed_self(alg=None, sign=None):
    def make(context):
        return {"alg": context.key.alg if alg is None else alg,
                "sig": (sign or context.key.sign)(signed_bytes(context))}
    return make


def fido_u2f(signer=None, message=None, **leaf):
    def make(context):
        signing = signer or attestation_key()
        public = b"\4" + context.key.x + context.key.y
        data = b"\0" + context.rp_hash + context.client_hash + context.credential_id + public
        data = message(data) if message else data
        return {"x5c": [x509.leaf(signing, **leaf)], "sig": signing.sign(data)}
    return make


TPM_HASHES = {"sha1": 0x0004, "sha256": 0x000B, "sha384": 0x000C, "sha512": 0x000D}
TPM_CURVES = {1: 0x0003, 2: 0x0004, 3: 0x0005}


def u16(value):
    return value.to_bytes(2, "big")


def u32(value):
    return value.to_bytes(4, "big")


def sized(data):
    return u16(len(data)) + data


def pub_area(public, name_alg=0x000B, attributes=0x00050072, policy=b"", scheme=None,
             symmetric=0x0010, curve=None, exponent=None, unique=None, kind=None, bits=None):
    """TPMT_PUBLIC (TPM 2.0 part 2, section 12.2.4)."""
    scheme = u16(0x0010) if scheme is None else scheme
    if public.kty == 3:
        e = (0 if public.e == 65537 else public.e) if exponent is None else exponent
        body = u16(symmetric) + scheme + u16(bits or public.n.bit_length()) + u32(e) + \
            sized(public.n_bytes() if unique is None else unique)
        kind = 0x0001 if kind is None else kind
    else:
        body = u16(symmetric) + scheme + u16(curve or TPM_CURVES[public.crv]) + u16(0x0010) + \
            (sized(public.x) + sized(public.y) if unique is None else unique)
        kind = 0x0023 if kind is None else kind
    return u16(kind) + u16(name_alg) + u32(attributes) + sized(policy) + body


def cert_info(extra_data, name, magic=0xFF544347, kind=0x8017, signer=b"", qualified=b"",
              clock=bytes(17), firmware=bytes(8)):
    """TPMS_ATTEST with TPMS_CERTIFY_INFO (TPM 2.0 part 2, section 10.12.8)."""
    return u32(magic) + u16(kind) + sized(signer) + sized(extra_data) + clock + firmware + \
        sized(name) + sized(qualified)


def tpm_alt_name(manufacturer="id:FFFFF1D0", model="vector", version="id:13", critical=True,
                 one_set=True):
    """TCG EK credential profile, section 3.2.9."""
    parts = [der.sequence(der.oid(number), der.utf8(text)) for number, text in (
        ("2.23.133.2.1", manufacturer), ("2.23.133.2.2", model), ("2.23.133.2.3", version))
        if text is not None]
    rdns = [der.set_of(*parts)] if one_set else [der.set_of(part) for part in parts]
    names = der.sequence(der.explicit(4, der.sequence(*rdns)))
    return x509.extension("2.5.29.17", names, critical)


def extended_key_usage(*numbers, critical=False):
    return x509.extension("2.5.29.37", der.sequence(*map(der.oid, numbers)), critical)


def tpm_extensions(**changed):
    parts = {"constraints": x509.basic_constraints(False), "alt": tpm_alt_name(),
             "usage": extended_key_usage(EKU_AIK), **changed}
    return [part for part in parts.values() if part]


def tpm(signer=None, area=None, area_bytes=None, info=None, info_bytes=None, hash_name=None,
        name_hash="sha256", extensions=None, chain=NO_CHAIN, alg=None, sign=None, extra_data=None,
        name=None, **leaf):
    def make(context):
        signing = signer or key("RS256", "attestation")
        public = pub_area(context.key, **{"name_alg": TPM_HASHES[name_hash], **(area or {})})
        named = u16(TPM_HASHES[name_hash]) + hashlib.new(name_hash, public).digest()
        public = area_bytes(public) if area_bytes else public
        extra = hashlib.new(hash_name or signing.hash_name, signed_bytes(context)).digest()
        made = cert_info(extra_data(extra) if extra_data else extra,
                         name(named) if name else named, **(info or {}))
        made = info_bytes(made) if info_bytes else made
        aik = x509.leaf(signing, **{"subject_name": x509.name(), **leaf},
                        extensions=tpm_extensions() if extensions is None else extensions)
        return {"alg": signing.alg if alg is None else alg, "sig": (sign or signing.sign)(made),
                "ver": "2.0", "x5c": [aik, *chain], "pubArea": public, "certInfo": made}
    return make


def authorization_list(purpose=(2,), origin=0, all_applications=False, more=()):
    """AuthorizationList of Android's key attestation schema; None leaves a field out."""
    parts = []
    if purpose is not None:
        parts.append(der.explicit(1, der.set_of(*map(der.integer, purpose))))
    parts.append(der.explicit(2, der.integer(3)))
    if all_applications:
        parts.append(der.long_tlv(600, der.null()))
    if origin is not None:
        parts.append(der.long_tlv(702, der.integer(origin)))
    return der.sequence(*parts, *more)


def key_description(challenge, software=None, tee=None, version=3):
    return der.sequence(
        der.integer(version), der.enumerated(1), der.integer(4), der.enumerated(1),
        der.octets(challenge), der.octets(b""),
        der.sequence() if software is None else software,
        authorization_list() if tee is None else tee)


def android_key(signer=None, description=None, challenge=None, software=None, tee=None,
                subject_key=None, extensions=None, chain=NO_CHAIN, alg=None, sign=None, **leaf):
    def make(context):
        signing = signer or context.key
        value = key_description(challenge(context.client_hash) if challenge
                                else context.client_hash, software, tee)
        value = description(value) if description else value
        more = [x509.extension(ANDROID_OID, value)] if extensions is None else extensions
        made = x509.leaf(subject_key or signing, **{
            "subject_name": x509.name((x509.CN, "Android Keystore Key")),
            "extensions": [x509.key_usage(0x80)], **leaf}, extra=more)
        return {"alg": signing.alg if alg is None else alg,
                "sig": (sign or signing.sign)(signed_bytes(context)), "x5c": [made, *chain]}
    return make


def safetynet(signer=None, header=None, payload=None, jws=None, version="17122037",
              host="attest.android.com", chain=NO_CHAIN, nonce=None, **leaf):
    def make(context):
        signing = signer or key("RS256", "attestation")
        alt = x509.extension("2.5.29.17", der.sequence(der.tlv(0x82, host.encode())))
        made = x509.leaf(signing, **{
            "subject_name": x509.name((x509.C, "US"), (x509.CN, host)),
            "extensions": [x509.basic_constraints(False), alt], **leaf})
        head = {"alg": {-257: "RS256", -7: "ES256"}[signing.alg],
                "x5c": [b64(made), *map(b64, chain)]}
        digest = sha256(signed_bytes(context))
        body = {"nonce": b64(nonce(digest) if nonce else digest), "timestampMs": 1767225540000,
                "apkPackageName": "com.google.android.gms", "apkDigestSha256": b64(bytes(32)),
                "ctsProfileMatch": True, "apkCertificateDigestSha256": [b64(bytes(32))],
                "basicIntegrity": True}
        head = header(head) if header else head
        body = payload(body) if payload else body
        parts = b64url(json.dumps(head).encode()) + "." + b64url(json.dumps(body).encode())
        signature = signing.sign(parts.encode()) if signing.alg == -257 else \
            b"".join(n.to_bytes(32, "big") for n in signing.sign_numbers(parts.encode()))
        text = parts + "." + b64url(signature)
        return {"ver": version, "response": (jws(text) if jws else text).encode()}
    return make


def apple(nonce=None, extensions=None, subject_key=None, chain=NO_CHAIN, wrap=None, **leaf):
    def make(context):
        value = sha256(signed_bytes(context))
        value = nonce(value) if nonce else value
        wrapped = der.sequence(der.explicit(1, der.octets(value))) if wrap is None else wrap(value)
        more = [x509.extension(APPLE_OID, wrapped)] if extensions is None else extensions
        made = x509.leaf(subject_key or context.key, **{
            "subject_name": x509.name((x509.CN, "vector"), (x509.OU, "AAA Certification"),
                                      (x509.O, "passkeyd vectors")), **leaf}, extra=more)
        return {"x5c": [made, *chain]}
    return make


def compound(*parts):
    """parts: (format, statement function)."""
    def make(context):
        return [{"fmt": fmt, "attStmt": statement(context)} for fmt, statement in parts]
    return make
