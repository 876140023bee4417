// Package register remembers, for each user of a machine, which runs are under
// way and what each of them would leave behind if it were killed.
//
// A run enters itself before it starts anything, and enters each thing before
// that thing exists where this is possible. What a killed run left is found
// there by the next start or by gc, wherever the run's own folder is. Only a
// run whose lock is free is reaped; the kernel frees it when its owner dies.
//
// On disk, under ${XDG_STATE_HOME:-~/.local/state}/gauntlet:
//
//	host.lock          held by the one run of this host, and says which it is
//	register.lock      held for moments, by whoever adds or reaps entries
//	runs/ID/lock       held by run ID while it lives
//	runs/ID/info.json  who it is
//	runs/ID/journal    what it leaves, one line each, synced before it is done
package register
