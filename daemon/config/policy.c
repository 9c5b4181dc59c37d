/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/policy.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/messages.h"
#include "common/webauthn/options.h"
#include "common/webauthn/verify.h"
#include "daemon/config/passkey_name.h"

#include <arpa/inet.h>
#include <string.h>

/*
 * The functions that check a request return NULL when nothing is wrong with it, and otherwise the
 * text for the caller.
 */

/* max is in characters, as in the specifications of the fields. */
static bool text_is_valid(const char *text, size_t max)
{
    size_t characters = 0;

    if (!pk_utf8_valid(pk_view_string(text)))
        return false;
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
        if (((unsigned char)*c & 0xc0) != 0x80)
            characters++;
    }
    return characters > 0 && characters <= max;
}

bool policy_application_name_valid(const char *name)
{
    return text_is_valid(name, PK_APPLICATION_NAME_MAX);
}

bool policy_user_id_valid(const char *id)
{
    return strlen(id) <= PK_USER_HANDLE_MAX && text_is_valid(id, PK_USER_HANDLE_MAX);
}

static bool is_given(const char *text)
{
    return text && text[0] != 0;
}

/* What a text of a user may have; the two reasons are the limit's own and an application's. */
struct text_limit {
    const char *text;
    size_t max;
    const char *why;
    bool wider; /* at relying parties over HTTP: PK_APPLICATION_NAME_MAX, and the second reason */
    const char *wider_why;
};

static const char *check_text(const struct rp_config *rp, const struct text_limit *limit)
{
    bool wider = limit->wider && rp->http != PK_HTTP_NONE;

    if (!limit->text || text_is_valid(limit->text, wider ? PK_APPLICATION_NAME_MAX : limit->max))
        return NULL;
    return wider ? limit->wider_why : limit->why;
}

static const char *check_texts(const struct rp_config *rp,
                               const struct registration_request *request)
{
    const struct text_limit texts[] = {
        {request->user_id, PK_USER_NAME_MAX, "userId: 1 to 128 printable characters of UTF-8",
         false, NULL},
        {request->user_name, PK_USER_NAME_MAX, "userName: 1 to 128 printable characters of UTF-8",
         true, "userName: 1 to 255 printable characters of UTF-8"},
        {request->account_name, PK_USER_NAME_MAX, "user: 1 to 128 printable characters of UTF-8",
         false, NULL},
        {is_given(request->display_name) ? request->display_name : NULL, PK_USER_DISPLAY_NAME_MAX,
         "displayName: at most 128 printable characters of UTF-8", true,
         "displayName: at most 255 printable characters of UTF-8"},
        {request->icon, PK_ICON_MAX, "icon: 1 to 2048 printable characters of UTF-8", false, NULL},
        {request->instrument_display_name, PK_INSTRUMENT_NAME_MAX,
         "instrumentDisplayName: 1 to 128 printable characters of UTF-8", true,
         "instrumentDisplayName: 1 to 255 printable characters of UTF-8"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *why = check_text(rp, &texts[i]);

        if (why)
            return why;
    }
    if (!request->user_name && !request->account_name)
        return "userName: needed, there is no account to infer it from";
    if (request->name && !passkey_name_valid(request->name))
        return "name: 1 to 64 bytes of printable UTF-8";
    if (request->user_id && rp->system_accounts)
        return "userId: only for a relying party whose accounts are not the system's";
    return NULL;
}

const char *policy_user_problem(const struct rp_config *rp,
                                const struct registration_request *request)
{
    return check_texts(rp, request);
}

/* WebAuthn 5.8.7 */
static const char *check_hints(const struct pk_strings *hints)
{
    static const char why[] = "hints: security-key, client-device, hybrid, each at most once";

    for (size_t i = 0; hints && i < hints->count; i++) {
        const char *hint = hints->items[i];

        if (strcmp(hint, "security-key") != 0 && strcmp(hint, "client-device") != 0 &&
            strcmp(hint, "hybrid") != 0)
            return why;
        for (size_t j = 0; j < i; j++)
            if (strcmp(hint, hints->items[j]) == 0)
                return why;
    }
    return NULL;
}

/* Whether host is domain or one of its subdomains. */
static bool host_within(struct pk_view host, struct pk_view domain)
{
    struct pk_view tail;

    if (domain.len == 0 || host.len < domain.len)
        return false;
    tail = (struct pk_view){host.ptr + (host.len - domain.len), domain.len};
    return pk_view_equal(tail, domain) &&
           (host.len == domain.len || host.ptr[host.len - domain.len - 1] == '.');
}

/*
 * A signature made for an appid is accepted in place of one for the RP id (WebAuthn 10.1.1), so a
 * caller may name only one that belongs to the relying party: the configured one, or an https URL
 * whose host shares the RP id's domain.
 */
static bool appid_allowed(const struct rp_config *rp, const char *appid)
{
    static const char scheme[] = "https://";
    struct pk_view id = pk_view_string(rp->id);
    struct pk_view host;

    if (rp->appid && strcmp(appid, rp->appid) == 0)
        return true;
    if (!text_is_valid(appid, PK_ORIGIN_MAX) || strncmp(appid, scheme, strlen(scheme)) != 0)
        return false;
    host = pk_view_string(appid + strlen(scheme));
    host.len = strcspn((const char *)host.ptr, "/:?#@");
    if (host.len < strlen(appid) - strlen(scheme) && host.ptr[host.len] == '@')
        return false;
    if (host_within(host, id))
        return true;
    return memchr(host.ptr, '.', host.len) && host_within(id, host);
}

static const char *check_appids(const struct rp_config *rp, const char *appid, const char *exclude)
{
    if (appid && !appid_allowed(rp, appid))
        return "appid: the configured one, or an https URL in the relying party's domain";
    if (exclude && !appid_allowed(rp, exclude))
        return "appidExclude: the configured one, or an https URL in the relying party's domain";
    return NULL;
}

/* Parses the options that are given as words. */
static const char *parse_choices(const struct registration_request *request,
                                 struct pk_requirements *ret)
{
    const char *mediation = request->mediation;

    if (request->attestation &&
        pk_attestation_preference_parse(request->attestation, &ret->attestation) != PK_OK)
        return "attestation: none, indirect, direct or enterprise";
    if (request->authenticator_attachment &&
        pk_attachment_parse(request->authenticator_attachment, &ret->attachment) != PK_OK)
        return "authenticatorAttachment: platform or cross-platform";
    if (request->resident_key &&
        pk_requirement_parse(request->resident_key, &ret->resident_key) != PK_OK)
        return "residentKey: discouraged, preferred or required";
    if (request->user_verification &&
        pk_requirement_parse(request->user_verification, &ret->user_verification) != PK_OK)
        return "userVerification: discouraged, preferred or required";
    if (mediation && strcmp(mediation, "conditional") != 0 && strcmp(mediation, "optional") != 0 &&
        strcmp(mediation, "required") != 0)
        return "mediation: conditional, optional or required";
    if (request->cred_protect > PK_CRED_PROTECT_MAX)
        return "credProtect: 1, 2 or 3";
    ret->conditional = mediation && strcmp(mediation, "conditional") == 0;
    return NULL;
}

/* The wish, but never less than a configured "required". */
static enum pk_requirement stricter(enum pk_requirement configured, enum pk_requirement wished)
{
    return configured == PK_REQUIRED || wished == PK_REQUIREMENT_UNSET ? configured : wished;
}

/* WebAuthn 5.4.4: requireResidentKey is the older spelling of residentKey "required". */
static const char *merge_resident_key(const struct rp_config *rp,
                                      const struct registration_request *request,
                                      struct pk_requirements *ret)
{
    if (request->require_resident_key && ret->resident_key != PK_REQUIREMENT_UNSET &&
        ret->resident_key != PK_REQUIRED)
        return "requireResidentKey: contradicts residentKey";
    ret->require_resident_key = request->require_resident_key;
    if (!request->require_resident_key || rp->resident_key == PK_REQUIRED)
        ret->resident_key = stricter(rp->resident_key, ret->resident_key);
    if (ret->resident_key == PK_REQUIRED)
        ret->require_resident_key = true;
    return NULL;
}

/* Merges the parsed wishes with the configuration. */
static const char *merge_choices(const struct rp_config *rp,
                                 const struct registration_request *request,
                                 struct pk_requirements *ret)
{
    if (rp->attachment != PK_ATTACHMENT_ANY) {
        if (ret->attachment != PK_ATTACHMENT_ANY && ret->attachment != rp->attachment)
            return "authenticatorAttachment: this relying party is configured for the other one";
        ret->attachment = rp->attachment;
    }
    if (ret->attestation == PK_ATTESTATION_UNSET)
        ret->attestation = rp->attestation;
    /* An attestation can be trusted only if it was requested. */
    if (rp->require_trusted_attestation && ret->attestation < PK_ATTESTATION_DIRECT)
        ret->attestation = PK_ATTESTATION_DIRECT;
    ret->user_verification = stricter(rp->user_verification, ret->user_verification);
    return merge_resident_key(rp, request, ret);
}

/* Secure Payment Confirmation, "Creating SPC credentials": what the payment extension needs. */
static const char *force_payment(const struct registration_request *request,
                                 struct pk_requirements *ret)
{
    ret->payment = request->secure_payment_confirmation;
    if (!ret->payment)
        return NULL;
    if (ret->attachment == PK_ATTACHMENT_CROSS_PLATFORM)
        return "securePaymentConfirmation: needs authenticatorAttachment platform";
    if (ret->user_verification == PK_DISCOURAGED)
        return "securePaymentConfirmation: needs userVerification required";
    if (ret->resident_key == PK_DISCOURAGED)
        return "securePaymentConfirmation: needs residentKey required or preferred";
    ret->attachment = PK_ATTACHMENT_PLATFORM;
    ret->user_verification = PK_REQUIRED;
    if (ret->require_resident_key)
        ret->resident_key = PK_REQUIRED;
    else if (ret->resident_key == PK_REQUIREMENT_UNSET)
        ret->resident_key = PK_PREFERRED;
    return NULL;
}

/*
 * Level 3 (userVerificationRequired) without verification makes a credential that its owner could
 * not use; Chromium refuses such options.
 */
static const char *force_cred_protect(const struct registration_request *request,
                                      struct pk_requirements *ret)
{
    ret->cred_protect = request->cred_protect;
    if (ret->cred_protect < PK_CRED_PROTECT_MAX)
        return NULL;
    if (request->user_verification && ret->user_verification == PK_DISCOURAGED)
        return "credProtect: 3 needs userVerification required";
    ret->user_verification = PK_REQUIRED;
    return NULL;
}

static unsigned timeout_ms(unsigned configured_seconds, uint32_t wished_ms)
{
    unsigned max_ms = configured_seconds * 1000;

    return wished_ms > 0 && wished_ms < max_ms ? wished_ms : max_ms;
}

static enum pk_status copy_strings(const struct pk_strings *from, struct pk_strings *ret)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; from && i < from->count && status == PK_OK; i++)
        status = pk_strings_add(ret, from->items[i]);
    return status;
}

static enum pk_status copy_aaguids(const uint8_t (*from)[PK_AAGUID_SIZE], size_t count,
                                   uint8_t (**ret)[PK_AAGUID_SIZE], size_t *ret_count)
{
    if (count == 0)
        return PK_OK;
    *ret = calloc(count, sizeof(**ret));
    if (!*ret)
        return PK_NO_MEMORY;
    memcpy(*ret, from, count * sizeof(**ret));
    *ret_count = count;
    return PK_OK;
}

static enum pk_status copy_anchors(const struct rp_config *rp, struct pk_requirements *ret)
{
    enum pk_status status = PK_OK;

    if (rp->trust_anchor_count == 0)
        return PK_OK;
    ret->trust_anchors = calloc(rp->trust_anchor_count, sizeof(*ret->trust_anchors));
    if (!ret->trust_anchors)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < rp->trust_anchor_count && status == PK_OK; i++) {
        status =
            pk_bytes_copy(pk_view_of(&rp->trust_anchor_certificates[i]), &ret->trust_anchors[i]);
        if (status == PK_OK)
            ret->trust_anchor_count++;
    }
    return status;
}

/* The configured origins, or the default, "https://ID". */
static enum pk_status copy_origins(const struct rp_config *rp, struct pk_requirements *ret)
{
    PK_AUTO_FREE char *origin = NULL;

    if (rp->origins.count > 0)
        return copy_strings(&rp->origins, &ret->origins);
    origin = pk_text_format("https://%s", rp->id);
    return origin ? pk_strings_add(&ret->origins, origin) : PK_NO_MEMORY;
}

/* The relying party's settings that both ceremonies use. */
static enum pk_status copy_relying_party(const struct rp_config *rp, struct pk_requirements *ret)
{
    const char *name = is_given(rp->display_name) ? rp->display_name : rp->id;
    enum pk_status status = pk_text_copy(rp->id, &ret->rp_id);

    if (status == PK_OK)
        status = pk_text_copy(name, &ret->rp_name);
    if (status == PK_OK)
        status = pk_text_copy(rp->icon, &ret->rp_icon);
    if (status == PK_OK)
        status = copy_origins(rp, ret);
    if (status == PK_OK)
        status = copy_strings(&rp->top_origins, &ret->top_origins);
    ret->allow_cross_origin = rp->allow_cross_origin;
    ret->counter_policy = rp->counter;
    ret->refuse_unsolicited_extensions = rp->refuse_unsolicited_extensions;
    for (size_t i = 0; i < rp->algorithm_count; i++)
        if (pk_algorithm_supported(rp->algorithms[i]))
            ret->algorithms[ret->algorithm_count++] = rp->algorithms[i];
    return status;
}

enum pk_status policy_trust(const struct rp_config *rp, struct pk_requirements *ret)
{
    enum pk_status status = copy_anchors(rp, ret);

    if (status == PK_OK)
        status = copy_aaguids(rp->aaguid_allow, rp->aaguid_allow_count, &ret->aaguid_allow,
                              &ret->aaguid_allow_count);
    if (status == PK_OK)
        status = copy_aaguids(rp->aaguid_deny, rp->aaguid_deny_count, &ret->aaguid_deny,
                              &ret->aaguid_deny_count);
    ret->require_trusted_attestation = rp->require_trusted_attestation;
    return status;
}

static enum pk_status copy_request(const struct rp_config *rp,
                                   const struct registration_request *request,
                                   struct pk_requirements *ret)
{
    const char *user_name = request->user_name ? request->user_name : request->account_name;
    const char *display_name = request->display_name;
    enum pk_status status = pk_text_copy(user_name, &ret->user_name);

    if (!is_given(display_name))
        display_name = request->account_full_name;
    /*
     * The account's full name comes from the system, not from the caller: it is replaced, not
     * refused, when it is invalid, or too long in bytes for the helper that drives local keys.
     */
    if (!is_given(display_name) || !text_is_valid(display_name, PK_USER_DISPLAY_NAME_MAX) ||
        (display_name == request->account_full_name &&
         strlen(display_name) > PK_USER_DISPLAY_NAME_MAX))
        display_name = user_name;
    if (status == PK_OK)
        status = pk_text_copy(display_name, &ret->user_display_name);
    if (status == PK_OK)
        status = pk_text_copy(request->icon, &ret->user_icon);
    if (status == PK_OK)
        status = copy_strings(request->hints, &ret->hints);
    if (status == PK_OK)
        status = pk_text_copy(request->appid, &ret->appid);
    if (status == PK_OK)
        status = pk_text_copy(request->appid_exclude ? request->appid_exclude : rp->appid,
                              &ret->appid_exclude);
    if (status == PK_OK && ret->payment)
        status = pk_text_copy(request->instrument_display_name, &ret->instrument_display_name);
    ret->cred_props = request->cred_props;
    ret->min_pin_length = request->min_pin_length;
    ret->timeout_ms = timeout_ms(rp->timeout, request->timeout_ms);
    ret->time = request->now;
    return status;
}

/* Moves the requirements to the caller, or reports the reason. why NULL: the request is valid. */
static enum pk_status conclude(enum pk_status status, const char *why,
                               struct pk_requirements *built, struct pk_requirements *ret,
                               const char **ret_why)
{
    if (why)
        status = PK_INVALID_ARGUMENT;
    else if (status == PK_OK && built->algorithm_count == 0) {
        status = PK_UNSUPPORTED;
        why = "algorithms: none of the configured ones is supported here";
    }
    if (status != PK_OK) {
        *ret_why = why ? why : pk_message_outcome(status);
        return status;
    }
    *ret = *built;
    *built = (struct pk_requirements){0};
    return PK_OK;
}

static enum pk_status check_id(const struct rp_config *rp, const char **ret_why)
{
    if (is_given(rp->id))
        return PK_OK;
    *ret_why = "rp: this relying party has no id yet";
    return PK_UNAVAILABLE;
}

/* Whatever let such an id in: no browser and no other host says whose it is. */
static const char *check_new(const struct rp_config *rp)
{
    return strncmp(rp->id, "pam://", 6) == 0
               ? "passkeys whose id begins with pam:// are imported only (passkeyctl import "
                 "pam-u2f), and no new one is made; set id to a domain name of this host's own"
               : NULL;
}

enum pk_status policy_registration(const struct rp_config *rp,
                                   const struct registration_request *request,
                                   struct pk_requirements *ret, const char **ret_why)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements built = {.ceremony = PK_REGISTRATION};
    enum pk_status status = check_id(rp, ret_why);
    const char *why;

    if (status != PK_OK)
        return status;
    why = check_new(rp);
    if (!why)
        why = check_texts(rp, request);
    if (!why)
        why = check_hints(request->hints);
    if (!why)
        why = check_appids(rp, request->appid, request->appid_exclude);
    if (!why)
        why = parse_choices(request, &built);
    if (!why)
        why = merge_choices(rp, request, &built);
    if (!why)
        why = force_payment(request, &built);
    if (!why)
        why = force_cred_protect(request, &built);
    if (!why)
        status = copy_relying_party(rp, &built);
    if (!why && status == PK_OK)
        status = policy_trust(rp, &built);
    if (!why && status == PK_OK)
        status = copy_request(rp, request, &built);
    return conclude(status, why, &built, ret, ret_why);
}

enum pk_status policy_authentication(const struct rp_config *rp,
                                     const struct service_config *service,
                                     const struct authentication_request *request,
                                     struct pk_requirements *ret, const char **ret_why)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements built = {.ceremony = PK_AUTHENTICATION};
    enum pk_requirement configured = rp->user_verification;
    unsigned seconds = rp->timeout;
    enum pk_requirement wished = PK_REQUIREMENT_UNSET;
    enum pk_status status = check_id(rp, ret_why);
    const char *why;

    if (status != PK_OK)
        return status;
    if (service && service->user_verification != PK_REQUIREMENT_UNSET)
        configured = request->service_claimed ? stricter(configured, service->user_verification)
                                              : service->user_verification;
    if (service && service->timeout > 0)
        seconds = service->timeout;
    why = check_hints(request->hints);
    if (!why)
        why = check_appids(rp, request->appid, NULL);
    if (!why && request->user_verification &&
        pk_requirement_parse(request->user_verification, &wished) != PK_OK)
        why = "userVerification: discouraged, preferred or required";
    built.user_verification = stricter(configured, wished);
    built.user_identified_before = request->user_given;
    built.timeout_ms = timeout_ms(seconds, request->timeout_ms);
    built.time = request->now;
    if (!why)
        status = copy_relying_party(rp, &built);
    if (!why && status == PK_OK)
        status = pk_text_copy(request->appid ? request->appid : rp->appid, &built.appid);
    if (!why && status == PK_OK)
        status = copy_strings(request->hints, &built.hints);
    return conclude(status, why, &built, ret, ret_why);
}

/* IPv6 addresses are in brackets (RFC 3986 section 3.2.2). */
static enum pk_status add_ssh_origin(const char *host, struct pk_strings *origins)
{
    bool address = strchr(host, ':') != NULL;
    PK_AUTO_FREE char *origin =
        pk_text_format("ssh://%s%s%s", address ? "[" : "", host, address ? "]" : "");

    return origin ? pk_strings_add(origins, origin) : PK_NO_MEMORY;
}

static bool is_loopback(const char *host)
{
    struct in_addr address;

    if (inet_pton(AF_INET, host, &address) == 1)
        return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
    return strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
}

enum pk_status policy_ssh_origins(const struct rp_config *rp, const char *rhost,
                                  struct pk_strings *ret)
{
    static const char *const loopback[] = {"localhost", "127.0.0.1", "::1"};
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < rp->ssh_hosts.count && status == PK_OK; i++)
        status = add_ssh_origin(rp->ssh_hosts.items[i], ret);
    if (!rp->ssh_loopback || !is_loopback(rhost))
        return status;
    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]) && status == PK_OK; i++)
        status = add_ssh_origin(loopback[i], ret);
    return status;
}
