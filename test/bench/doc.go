// SPDX-License-Identifier: Apache-2.0

// Package bench measures the real server over TLS, on real PostgreSQL and Redis,
// and writes docs/benchmarks.md. `make bench` runs it; QUICK=1 takes less than
// three minutes.
//
// Requests come at the times that were planned for them, whether or not earlier
// ones have been answered, and each is measured from its planned time: what a
// slow server makes others wait is counted. Arrivals are as random as those of
// people who know nothing of each other (a Poisson process, the same one every
// time). The driver shares the machine with the server; its own share of the
// processors is part of what is measured.
package bench
