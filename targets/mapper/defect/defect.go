// Package defect names the mistakes that the mapper can be built with on
// purpose, so that an experiment can be shown to catch them.
package defect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Name is a defect as --defect takes it.
type Name string

// What each one does wrong.
const (
	NoFallback            Name = "no-fallback"                 // every answer needs Redis: 503 without it
	AckBeforeStore        Name = "ack-before-store"            // acknowledges at once, stores 1 s later, from memory
	MemoryOnly            Name = "memory-only-writeback"       // 202 without a journal: kept in memory only
	WrongURL              Name = "wrong-url"                   // one key in a hundred answers with another key's URL
	StaleValue            Name = "stale-value"                 // one key in ten keeps the first value it ever had
	NotFoundOnError       Name = "not-found-on-error"          // takes a failed Redis call for "no such key": 404 while it is away
	NoRedisTimeout        Name = "no-redis-timeout"            // a call to Redis waits for as long as there is no answer
	PoolExhaustion        Name = "pool-exhaustion"             // two connections, and no limit to the wait for one
	BreakerNeverHalfOpens Name = "breaker-never-half-opens"    // once open, the breaker never tries again
	Breaker30sWindow      Name = "breaker-30s-window"          // falls back only after 15 % failures for 30 s, as the article does
	RetryStorm            Name = "retry-storm"                 // ten tries of every failed call, at once, whatever the breaker says
	GlobalLock            Name = "global-lock"                 // one lock around every request, its call to Redis included
	FNVShards             Name = "fnv-shards"                  // FNV-1 modulo 64: keys of even digits share half of the shards
	ColdJoin              Name = "cold-join"                   // ready before it has data, and loads slowly
	DropOnShutdown        Name = "drop-on-shutdown"            // acknowledges from memory, and SIGTERM ends what would store it
	NoDrain               Name = "no-drain"                    // SIGTERM ends the process in the middle of requests
	UnlockedMap           Name = "unlocked-map"                // one map without a lock: Go ends the process when two meet
	OneShardStuck         Name = "one-shard-stuck"             // a write that Redis does not take leaves shard 41 locked for ever
	FlappingReadiness     Name = "flapping-readiness"          // ready only while Redis answers within 100 ms
	WritesStayBroken      Name = "reads-recover-writes-do-not" // a write that failed breaks the writer's connection, and nobody replaces it
	LeakAfterRecovery     Name = "leak-after-recovery"         // each journal write starts a watcher that never ends
	GoroutineLeak         Name = "goroutine-leak"              // each request leaves a goroutine behind
	ClockSkew             Name = "clock-skew"                  // trusts the machine's clock
	JournalTailIgnored    Name = "journal-tail-ignored"        // takes the end of the journal for torn, and drops it
	ResurrectDeleted      Name = "resurrect-deleted"           // a delete forgets the version: a late replay brings the key back
	OlderWriteWins        Name = "older-write-wins"            // a replay overwrites whatever is newer
)

// All lists every defect that can be switched on.
func All() []Name {
	return []Name{NoFallback, AckBeforeStore, MemoryOnly, WrongURL, StaleValue, NotFoundOnError,
		NoRedisTimeout, PoolExhaustion, BreakerNeverHalfOpens, Breaker30sWindow, RetryStorm, GlobalLock, FNVShards,
		ColdJoin, DropOnShutdown, NoDrain, UnlockedMap, OneShardStuck, FlappingReadiness, WritesStayBroken,
		LeakAfterRecovery, GoroutineLeak, ClockSkew, JournalTailIgnored, ResurrectDeleted, OlderWriteWins}
}

// Set is the defects that are on. The zero value is a mapper built right.
type Set struct{ names []Name }

// ParseSet checks names; an unknown one is refused with the list.
func ParseSet(names []string) (Set, error) {
	var s Set
	for _, n := range names {
		if !slices.Contains(All(), Name(n)) {
			return Set{}, fmt.Errorf("unknown defect %q; there are: %s", n, list(All()))
		}
		s.names = append(s.names, Name(n))
	}
	return s, nil
}

// Of makes a set of known defects.
func Of(names ...Name) Set { return Set{names: names} }

// Has says whether a defect is on.
func (s Set) Has(n Name) bool { return slices.Contains(s.names, n) }

// Empty says whether the mapper is built right.
func (s Set) Empty() bool { return len(s.names) == 0 }

func (s Set) String() string { return list(s.names) }

func list(names []Name) string {
	text := make([]string, len(names))
	for i, n := range names {
		text[i] = string(n)
	}
	return strings.Join(text, ", ")
}

// OneIn says whether a key is of the fixed share 1/n that a defect strikes.
// It does not depend on the shard hash's seed: the same keys in every replica.
func OneIn(n uint64, key string) bool { return xxhash.Sum64String(key)%n == 0 }
