# CTAP's hybrid transport, the client's side, as functions without input and output. What only a phone
# does is in a library of its own, which no program links: see doc/hybrid-protocol.md.
noinst_LTLIBRARIES += common/hybrid/libhybrid.la
common_hybrid_libhybrid_la_SOURCES = \
	common/hybrid/advert.c common/hybrid/advert.h \
	common/hybrid/channel.c common/hybrid/channel.h \
	common/hybrid/crypto.c common/hybrid/crypto.h \
	common/hybrid/ctap.c common/hybrid/ctap.h \
	common/hybrid/derive.c common/hybrid/derive.h \
	common/hybrid/domain.c common/hybrid/domain.h \
	common/hybrid/message.c common/hybrid/message.h \
	common/hybrid/noise.c common/hybrid/noise.h common/hybrid/noise_state.h \
	common/hybrid/qr.c common/hybrid/qr.h \
	common/hybrid/upgrade.c common/hybrid/upgrade.h \
	common/hybrid/websocket.c common/hybrid/websocket.h
common_hybrid_libhybrid_la_CFLAGS = $(PK_CFLAGS) $(CRYPTO_CFLAGS)
common_hybrid_libhybrid_la_LIBADD = $(CRYPTO_LIBS)

noinst_LTLIBRARIES += common/hybrid/libhybridphone.la
common_hybrid_libhybridphone_la_SOURCES = common/hybrid/phone.c common/hybrid/phone.h
