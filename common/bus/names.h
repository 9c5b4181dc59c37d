/* SPDX-License-Identifier: BSD-2-Clause */
/* The names on the bus: the daemon, its interfaces, its errors. doc/protocol.md explains them. */
#ifndef PK_BUS_NAMES_H
#define PK_BUS_NAMES_H

/* The daemon's own socket: in the place that is compiled in (PK_RUNDIR), or for a private instance
 */
/* the path in that variable, which programs with somebody else's privileges do not read. */
#define PK_SOCKET_PATH     PK_RUNDIR "/socket"
#define PK_SOCKET_VARIABLE "PASSKEYD_SOCKET"

#define PK_BUS_NAME                "org.passkeyd"
#define PK_BUS_PATH                "/org/passkeyd"
#define PK_BUS_CONVERSATION_PREFIX PK_BUS_PATH "/conversation/"

#define PK_BUS_MANAGER       "org.passkeyd.Manager1"
#define PK_BUS_CONVERSATION  "org.passkeyd.Conversation1"
#define PK_BUS_RELYING_PARTY "org.passkeyd.RelyingParty1"
#define PK_BUS_CREDENTIALS   "org.passkeyd.Credentials1"
#define PK_BUS_KEYS          "org.passkeyd.Keys1"
#define PK_BUS_GATEWAY       "org.passkeyd.Gateway1"

/* What Conversation1.Next returns as its kind. */
#define PK_BUS_KIND_INFO       "info"
#define PK_BUS_KIND_ERROR      "error"
#define PK_BUS_KIND_ASK        "ask"        /* the answer may be echoed; it travels as "text" */
#define PK_BUS_KIND_ASK_SECRET "ask-secret" /* no echo; it travels in a descriptor as "secret" */
#define PK_BUS_KIND_DONE       "done"

/*
 * details["skip"] of an info: the person need not wait for what it asks for. Conversation1.Skip
 * goes on to the next way to sign in, or ends the conversation.
 */
#define PK_BUS_SKIP_NEXT "next"
#define PK_BUS_SKIP_END  "end"

/* details["result"] of "done" is pk_status_name() of the outcome: only "ok" is success. */

#define PK_BUS_ERROR_PREFIX "org.passkeyd.Error."
/* The closed list. Each is a row of the table in doc/protocol.md. */
#define PK_BUS_ERROR_ACCESS_DENIED        PK_BUS_ERROR_PREFIX "AccessDenied"
#define PK_BUS_ERROR_NOT_AUTHORIZED       PK_BUS_ERROR_PREFIX "NotAuthorized" /* polkit said no */
#define PK_BUS_ERROR_INVALID_ARGUMENTS    PK_BUS_ERROR_PREFIX "InvalidArguments"
#define PK_BUS_ERROR_UNKNOWN_USER         PK_BUS_ERROR_PREFIX "UnknownUser"
#define PK_BUS_ERROR_UNKNOWN_RP           PK_BUS_ERROR_PREFIX "UnknownRelyingParty"
#define PK_BUS_ERROR_UNKNOWN_CREDENTIAL   PK_BUS_ERROR_PREFIX "UnknownCredential"
#define PK_BUS_ERROR_UNKNOWN_CONVERSATION PK_BUS_ERROR_PREFIX "UnknownConversation"
#define PK_BUS_ERROR_UNKNOWN_CHALLENGE    PK_BUS_ERROR_PREFIX "UnknownChallenge"
#define PK_BUS_ERROR_BUSY                 PK_BUS_ERROR_PREFIX "Busy" /* a Next is waiting already */
#define PK_BUS_ERROR_FINISHED             PK_BUS_ERROR_PREFIX "Finished" /* Next after done */
#define PK_BUS_ERROR_LIMIT_EXCEEDED       PK_BUS_ERROR_PREFIX "LimitExceeded"
#define PK_BUS_ERROR_NO_CREDENTIALS       PK_BUS_ERROR_PREFIX "NoCredentials"
#define PK_BUS_ERROR_ALREADY_ENROLLED     PK_BUS_ERROR_PREFIX "AlreadyEnrolled"
#define PK_BUS_ERROR_NAME_TAKEN           PK_BUS_ERROR_PREFIX "NameTaken"
#define PK_BUS_ERROR_VERIFICATION_FAILED  PK_BUS_ERROR_PREFIX "VerificationFailed"
#define PK_BUS_ERROR_TICKET_INVALID       PK_BUS_ERROR_PREFIX "TicketInvalid"
#define PK_BUS_ERROR_NOT_SIGNED_IN        PK_BUS_ERROR_PREFIX "NotSignedIn"
#define PK_BUS_ERROR_TOKEN_EXPIRED        PK_BUS_ERROR_PREFIX "TokenExpired"
#define PK_BUS_ERROR_WRONG_TOKEN          PK_BUS_ERROR_PREFIX "WrongToken"
#define PK_BUS_ERROR_EXISTS               PK_BUS_ERROR_PREFIX "Exists"
#define PK_BUS_ERROR_UNKNOWN_KEY          PK_BUS_ERROR_PREFIX "UnknownKey"
#define PK_BUS_ERROR_STORAGE_FAILURE      PK_BUS_ERROR_PREFIX "StorageFailure"
#define PK_BUS_ERROR_UNAVAILABLE          PK_BUS_ERROR_PREFIX "Unavailable"
#define PK_BUS_ERROR_INTERNAL             PK_BUS_ERROR_PREFIX "Internal"

#endif
