# Measurements, not part of the everyday check: make bench; make coverage.
EXTRA_DIST += bench/neighbours.py bench/verify.py bench/simplewebauthn.mjs bench/storm.py bench/coverage
EXTRA_DIST += bench/gateway.py bench/simplewebauthn_server.mjs bench/store.py
EXTRA_DIST += bench/fleet.py bench/scale bench/scale_directory.py bench/scale_figures.json
EXTRA_DIST += bench/bus.py bench/figures.py bench/run bench/sign_in.py
EXTRA_PROGRAMS = bench/evp_verify bench/http_load bench/store_load bench/bus_load \
    bench/crowd
bench_evp_verify_SOURCES = bench/evp_verify.c
bench_evp_verify_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
bench_evp_verify_LDADD = common/base/libbase.la $(CRYPTO_LIBS)
bench_http_load_SOURCES = bench/http_load.c bench/authenticator.c bench/authenticator.h
bench_http_load_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
bench_http_load_LDADD = common/base/libbase.la $(CRYPTO_LIBS)
bench_bus_load_SOURCES = bench/bus_load.c bench/authenticator.c bench/authenticator.h
bench_bus_load_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(DBUS_CFLAGS)
bench_bus_load_LDADD = common/base/libbase.la $(CRYPTO_LIBS) $(DBUS_LIBS)
bench_crowd_SOURCES = bench/crowd.c
bench_crowd_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS)
bench_crowd_LDADD = common/base/libbase.la $(DBUS_LIBS)
bench_store_load_SOURCES = bench/store_load.c
bench_store_load_LDADD = $(daemon_libs)

.PHONY: bench coverage
bench:
	top_builddir="$(abs_top_builddir)" $(PYTHON3) $(srcdir)/bench/run $(BENCH_FLAGS)
coverage:
	$(SHELL) $(srcdir)/bench/coverage
