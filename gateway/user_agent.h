/* SPDX-License-Identifier: BSD-2-Clause */
/* The families of browser and system that a User-Agent names, by the words that uap-core uses. */
#ifndef GATEWAY_USER_AGENT_H
#define GATEWAY_USER_AGENT_H

/* "Chrome", "Firefox", ...; "Other" where none is known. Static. */
const char *user_agent_browser(const char *user_agent);
const char *user_agent_system(const char *user_agent);

#endif
