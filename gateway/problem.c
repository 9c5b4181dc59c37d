/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/problem.h"

static const struct {
    unsigned status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {503, "Service Unavailable"},
};

const char *problem_title(unsigned http_status)
{
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
        if (titles[i].status == http_status)
            return titles[i].title;
    return "Internal Server Error";
}

void problem_answer(struct exchange *exchange, unsigned http_status, const char *reason,
                    const char *detail)
{
    json_t *body = json_pack("{s:s, s:s, s:i, s:s, s:s*, s:s*}", "type", "about:blank", "title",
                             problem_title(http_status), "status", (int)http_status, "instance",
                             exchange_id(exchange), "reason", reason, "detail", detail);

    exchange_add_header(exchange, "Content-Type", "application/problem+json");
    exchange_answer(exchange, http_status, body);
}
