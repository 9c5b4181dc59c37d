/* SPDX-License-Identifier: BSD-2-Clause */
/* Every size and count that something from outside is held to, in one place. Bytes unless said. */
#ifndef PK_BASE_LIMITS_H
#define PK_BASE_LIMITS_H

#define PK_SECRET_MAX 255  /* PIN (63, CTAP 2.1 section 6.5.1), recovery code, ticket */
#define PK_ANSWER_MAX 1024 /* whatever is typed or pasted at a question; ssh passes 1,020 on */
#define PK_PIN_MIN    4    /* code points, CTAP 2.1 section 6.5.1 */
#define PK_PIN_MAX    63

#define PK_CRED_PROTECT_MAX 3 /* userVerificationRequired, CTAP 2.1 section 12.1 */

/* Enrolment tickets: seconds that one is good for */
#define PK_TICKET_LIFETIME_MIN 60
#define PK_TICKET_LIFETIME_MAX 86400

/* WebAuthn */
#define PK_CHALLENGE_SIZE         32
#define PK_CREDENTIAL_ID_MAX      1023 /* WebAuthn 7.1 step 25 */
#define PK_USER_HANDLE_MAX        64   /* WebAuthn 5.4.3 */
#define PK_USER_HANDLE_SIZE       64   /* the ones we make */
#define PK_USER_NAME_MAX          128
#define PK_USER_DISPLAY_NAME_MAX  128
#define PK_RP_ID_MAX              253 /* a DNS name */
#define PK_RP_NAME_MAX            128
#define PK_ORIGIN_MAX             1024
#define PK_ICON_MAX               2048
#define PK_INSTRUMENT_NAME_MAX    128
#define PK_CREDENTIAL_NAME_MAX    64
#define PK_APPLICATION_NAME_MAX   255 /* characters, of a passkey of a relying party over HTTP */
#define PK_AAGUID_SIZE            16
#define PK_HASH_SIZE              32
#define PK_CLIENT_DATA_MAX        16384
#define PK_AUTH_DATA_MAX          16384
#define PK_ATTESTATION_OBJECT_MAX 65536
#define PK_SIGNATURE_MAX          8192 /* ML-DSA-87 is 4,627 */
#define PK_PUBLIC_KEY_MAX         4096
#define PK_CBOR_DEPTH_MAX         8
#define PK_CBOR_ITEMS_MAX         4096 /* items in one structure, all depths together */
#define PK_CBOR_PAIRS_MAX         64   /* pairs in one map */
#define PK_X5C_MAX                8    /* certificates in one attestation statement */
#define PK_CREDENTIAL_LIST_MAX    64   /* descriptors in one allow or exclude list */
#define PK_ALGORITHMS_MAX         32
#define PK_ORIGINS_MAX            32

/* Backups */
#define PK_BACKUP_IMAGE_MAX 536870912 /* the whole store: about a million passkeys */

/* JSON */
#define PK_JSON_MAX         262144  /* one response or options object; text */
#define PK_JSON_DEPTH_MAX   32      /* levels */
#define PK_JSON_VALUES_MAX  65536   /* in one text, all levels together */
#define PK_JSON_MEMBERS_MAX 256     /* in one object */
#define PK_JSON_LINE_MAX    1048576 /* one line of passkeyctl verify */

/* Helper frames (doc/protocol.md) */
#define PK_FRAME_MAX       131072
#define PK_DEVICES_MAX     32
#define PK_DEVICE_PATH_MAX 255
#define PK_DEVICE_TEXT_MAX 255  /* manufacturer, product; USB string descriptors hold 126 */
#define PK_PHONE_TEXT_MAX  1024 /* an address or path of the phone helper's setup */

/* The keyboard-interactive form (doc/protocol.md) */
#define PK_FORWARD_LINE_MAX       511   /* characters of an answer: sudo takes no more */
#define PK_FORWARD_PARTS_MAX      64    /* lines of one answer */
#define PK_FORWARD_PART_TEXT      496   /* what a line holds behind "passkey1/64/64:" */
#define PK_FORWARD_REQUEST_MAX    65536 /* a request's line; CBOR is three quarters of it */
#define PK_FORWARD_CONTEXT_MAX    40960 /* JSON of the longest command, and the rest */
#define PK_ATTEMPT_TIMEOUT_MAX    600   /* seconds that a sign-in or an enrolment may take */
#define PK_FORWARD_TIMEOUT_MAX    3600  /* seconds */
#define PK_FORWARD_CHALLENGE_SIZE 16    /* of the challenge that an answer repeats */
#define PK_HOST_KEYS_MAX          64    /* host keys that a request lists: a pool's servers */
#define PK_HOST_KEY_MAX           32768 /* one public host key or certificate */

/* The phone as the key: CTAP's hybrid transport (doc/hybrid-protocol.md) */
#define PK_HYBRID_QR_MAX      512      /* the CBOR of a code; ours has 69 */
#define PK_HYBRID_ADVERT_MAX  255      /* service data with its suffix: one element of an advert */
#define PK_HYBRID_MESSAGE_MAX 65536    /* a message of the tunnel, encrypted */
#define PK_HYBRID_COUNTER_MAX 16777216 /* messages in one direction */
#define PK_HYBRID_UPDATES_MAX 16       /* that a phone sends in one session */
#define PK_UPGRADE_HEAD_MAX   16384    /* the answer to the request for a WebSocket */

/* passkey-askpass */
#define PK_ASKPASS_HOSTS_MAX 1048576 /* ~/.config/passkey/hosts */
#define PK_ASKPASS_PARTS_AGE 600     /* seconds that the parts of an answer are kept */

/* ssh-agent */
#define PK_AGENT_MESSAGE_MAX    262144 /* OpenSSH's own */
#define PK_AGENT_IDENTITIES_MAX 2048   /* OpenSSH's own */

/* Log */
#define PK_LOG_LINE_MAX  1024    /* a longer text goes on in further lines */
#define PK_LOG_TEXT_MAX  65536   /* what is longer is cut */
#define PK_LOG_QUEUE_MAX 1048576 /* bytes of lines that wait for a log that takes none */

/* Texts that a command is part of */
#define PK_COMMAND_TEXT_MAX 32768
/*
 * The most of a text that PAM applications are handed at once, as PAM_MAX_MSG_SIZE is 512. None of
 * those that were tried cuts anything: sudo 1.9.13, su of util-linux 2.38, login of shadow 4.13,
 * sshd and ssh of OpenSSH 9.2, vlock 2.2 show a line of 65,000 bytes whole, as is needed for a
 * request that is to be copied (tests/integration/test_long_messages.py). vlock leaves empty lines
 * out; ssh writes what the person's locale has no letters for as \303\244, an octet each.
 */
#define PK_PAM_PIECE_MAX 500

/* Bus */
#define PK_BUS_TEXT_MAX 4096 /* any string argument that has no smaller limit */
/* What a conversation says: a request, its purpose, and some lines around it. */
#define PK_CONVERSATION_TEXT_MAX (PK_FORWARD_REQUEST_MAX + PK_COMMAND_TEXT_MAX + PK_BUS_TEXT_MAX)
#define PK_BUS_MESSAGE_MAX       16777216 /* what a client takes in: every passkey of a host fits */
#define PK_CONVERSATIONS_MAX     256      /* in total */
#define PK_CONVERSATIONS_PER_UID 16       /* root is held to the total only */
#define PK_CHALLENGES_MAX        1024
#define PK_CHALLENGES_PER_UID    16
#define PK_CHALLENGE_LIFETIME    300 /* seconds, default */
/* Gateways' ceremonies, apart from those of users: in total, for one relying party, in memory */
#define PK_GATEWAY_CHALLENGES_MAX    65536
#define PK_GATEWAY_CHALLENGES_PER_RP 32768
#define PK_GATEWAY_CHALLENGES_BYTES  134217728
#define PK_PURPOSE_MAX               32 /* what a gateway's ceremony is for, a word */

/* Relying parties over HTTP */
#define PK_API_KEY_SIZE         64    /* random bytes */
#define PK_API_KEY_TEXT         88    /* characters: base64url with padding */
#define PK_API_KEYS_MAX         32    /* of one relying party */
#define PK_SIGNING_KEYS_MAX     16    /* of one relying party, with those that sign no more */
#define PK_SIGNING_KEY_MAX      4096  /* one, as JSON; 3072-bit RSA is 2,600 */
#define PK_SECRET_MEMORY_MAX    16384 /* any secret: a question about a password has the most */
#define PK_SHARED_KEY_MIN       32    /* RFC 7518 section 3.2 */
#define PK_SHARED_KEY_MAX       1024
#define PK_TOKEN_MAX            8192 /* a bearer token */
#define PK_TOKEN_TEXT_MAX       1024 /* a text in a token: user, scope, action */
#define PK_TRANSACTION_ID_MAX   512  /* 128 characters */
#define PK_TRANSACTION_DATA_MAX 65536
#define PK_TRANSACTIONS_LISTED  1000
#define PK_TRANSACTIONS_BYTES   2097152 /* of their data: as JSON in JSON still a message */
#define PK_TRANSACTIONS_DAY     4194304 /* of one user's ids and data in 24 hours */
#define PK_TENANT_ID_MAX        64
#define PK_HTTP_PREFIX_MAX      128
#define PK_HTTP_PREFIX_PARTS    8 /* between slashes; the gateway reads 16 with what follows */
#define PK_PASSWORD_URL_MAX     1024
#define PK_PASSWORD_SECONDS     60   /* for an application to say whether a password is right */
#define PK_PASSWORD_CHECKS_MAX  4096 /* that wait for that, of all users */

/* Browsers */
#define PK_BROWSER_URL_MAX   128 /* with a link's words behind it, still a QR code that is read */
#define PK_LINK_LIFETIME     120 /* seconds */
#define PK_LINK_WORD_SIZE    13  /* 60 bits in Crockford's base32, with the NUL */
#define PK_LINK_CLAIM_SIZE   27  /* 128 bits, likewise */
#define PK_BROWSER_CODE_SIZE 7   /* 30 bits, likewise */
#define PK_BROWSER_TRIES     3   /* wrong codes */
#define PK_LINKS_MAX         512 /* each is of a conversation, which are limited by user */
/* Sessions of the pages on which people look after their own passkeys; times in seconds */
#define PK_PAGE_SESSION_SIZE         27 /* 128 bits in Crockford's base32, with the NUL */
#define PK_PAGE_SESSION_IDLE         600
#define PK_PAGE_SESSION_LIFETIME     3600
#define PK_PAGE_SESSION_FRESH        300 /* how long a passkey's signature is good for an addition */
#define PK_PAGE_SESSIONS_PER_ACCOUNT 8
#define PK_PAGE_SESSIONS_MAX         1024

/* Accounts */
#define PK_CREDENTIALS_PER_ACCOUNT 20 /* default */
#define PK_RECOVERY_CODES          10

/* Between the daemon and a store in a process of its own: store/protocol/. */
#define PK_STORE_CEREMONY_MAX    16384    /* bytes, of one that several hosts share */
#define PK_STORE_FRAME_MAX       33554432 /* bytes */
#define PK_STORE_FRAME_SECONDS   5        /* from the first byte of a frame to its last */
#define PK_STORE_CALL_MS         2000     /* a verb, with all that it takes */
#define PK_STORE_JOB_MS          2500     /* all verbs of a job that are one behind the other */
#define PK_STORE_PAUSE_MS        1000     /* nobody waits for a store that did not answer before */
#define PK_STORE_CONNECTIONS_MAX 64       /* more than the daemon has workers */
#define PK_STORE_STATUS_NAME_MAX 64
#define PK_STORE_KIND_MAX        32
#define PK_STORE_WHY_MAX         1024

#endif
