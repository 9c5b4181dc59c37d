/* SPDX-License-Identifier: BSD-2-Clause */
/* The part that hears adverts: it has one connection to the bus, for BlueZ, and their key. */
#ifndef PHONE_RADIO_H
#define PHONE_RADIO_H

/*
 * The part, see part.h; bus: the bus's address as text, empty for the system bus. Once PART_KEY has
 * come it says PART_SCANS when the first adapter listens, PART_HEARD for each advert of that key,
 * once, and PART_LOST with the status in which it ends: PK_PHONE_NO_ADAPTER, PK_PHONE_ADAPTER_OFF,
 * PK_PHONE_NO_RIGHT. It ends when its socket does.
 */
void radio_run(int socket, const void *bus);

#endif
