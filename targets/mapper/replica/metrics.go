package replica

import (
	"strconv"
	"sync/atomic"

	"gauntlet/targets/mapper/shards"

	"github.com/prometheus/client_golang/prometheus"
)

// stats are counted here and read by Collect: cheaper than a labelled counter
// on the way of each request.
type stats struct {
	asked, resyncs, replayed atomic.Uint64
	writes                   writeStats
}

type writeStats map[Durability]*atomic.Uint64

func newStats() stats {
	return stats{writes: writeStats{InRedis: new(atomic.Uint64), InJournal: new(atomic.Uint64)}}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("mapper_"+name, help, labels, nil)
}

var (
	descLoads    = describe("shard_loads_total", "Reads of the copy.", "shard")
	descHits     = describe("shard_hits_total", "Reads that found an entry.", "shard")
	descStores   = describe("shard_stores_total", "Writes taken over.", "shard")
	descDeletes  = describe("shard_deletes_total", "Deletes taken over.", "shard")
	descEntries  = describe("shard_entries", "Entries, tombstones included.", "shard")
	descHitRatio = describe("hit_ratio", "Share of reads that the copy could answer since the start; 1 before the first.")
	descAsked    = describe("redis_reads_total", "Reads for which Redis was asked.")
	descWrites   = describe("writes_total", "Acknowledged writes, by what they rest on.", "durability")
	descDepth    = describe("journal_depth", "Acknowledged writes that wait for Redis.")
	descReplayed = describe("journal_replayed_total", "Journal entries that Redis has confirmed.")
	descResyncs  = describe("copy_resyncs_total", "Times that the push stream ended.")
	descComplete = describe("copy_complete", "1 while the copy has everything that Redis has.")
	descLoaded   = describe("copy_loaded", "1 once the copy was loaded from Redis or a peer.")
)

// Describe implements prometheus.Collector.
func (s *Service) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, ch) }

// Collect implements prometheus.Collector.
func (s *Service) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	var loads, hits uint64
	for i := range shards.Count {
		c, name := s.Copy.Counts(i), strconv.Itoa(i)
		counter(descLoads, c.Load, name)
		counter(descHits, c.Hit, name)
		counter(descStores, c.Store, name)
		counter(descDeletes, c.Delete, name)
		gauge(descEntries, float64(c.Size), name)
		loads, hits = loads+c.Load, hits+c.Hit
	}
	ratio := 1.0
	if loads > 0 {
		ratio = float64(hits) / float64(loads)
	}
	gauge(descHitRatio, ratio)
	counter(descAsked, s.stats.asked.Load())
	for d, n := range s.stats.writes {
		counter(descWrites, n.Load(), string(d))
	}
	gauge(descDepth, float64(s.Pending.Depth()))
	counter(descReplayed, s.stats.replayed.Load())
	counter(descResyncs, s.stats.resyncs.Load())
	gauge(descComplete, boolean(s.Current()))
	gauge(descLoaded, boolean(origin(s.origin.Load()) >= originPeer))
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
