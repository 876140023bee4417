// Package redis is a small Redis for machines that have no redis-server:
// miniredis, with what it lacks to stand in for a server that keeps data.
//
// Guarantee: whatever was acknowledged before the process was killed is there
// after the next start on the same folder. That holds for the death of the
// process (SIGKILL included), not for a power cut or the loss of the disk: the
// log is handed to the kernel before a reply leaves, and is not synced.
//
// How: one command runs at a time. Each command that changes something, those
// called by a script included, is written to a log as it was executed, with the
// time that it saw and with every relative or automatic time made absolute, all
// effects of one script in one record. No byte leaves the process before the log
// holds everything that happened before it; see conn and store.
//
// Time: miniredis keeps remaining times that only move when told. Here its clock
// stands at 1970, every expiry is set as a point in time, and keyspace removes
// keys when their time has come.
//
// Scripts: one Lua world serves all, closed after it was made; Lua is 5.1, with
// cjson but without bit, struct, cmsgpack and os. As in a real Redis the loaded
// scripts are forgotten at a restart, and clients send them again.
//
// Not supported, and refused with an error that says so: what would not survive
// a restart or has no place in one process. Transactions (MULTI, WATCH),
// blocking commands, consumer groups, expiry of hash fields, HyperLogLog, SPOP,
// several databases, client-side caching, CONFIG SET.
package redis
