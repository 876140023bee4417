package link

import (
	"sync/atomic"
	"time"
)

// streamCounts count one direction of a link, for all its connections: all of
// it, or what one rule has done.
type streamCounts struct {
	bytes, delayed, held, chunks, withheld, refused, reset, changed, skipped atomic.Int64
}

// passing counts what goes on at the instant now, times times (−1: it did not),
// and returns how many bytes that are.
func (c *streamCounts) passing(batch []chunk, now, times int64) (bytes int) {
	for _, p := range batch {
		bytes += len(p.data)
		if p.late {
			c.late(len(p.data), now-p.arrived, times)
			for _, w := range p.why {
				w.rule.done.late(len(p.data), min(w.ns, now-p.arrived), times)
			}
		}
	}
	c.bytes.Add(times * int64(bytes))
	return bytes
}

// late counts a chunk of n bytes that was held for so long.
func (c *streamCounts) late(n int, ns, times int64) {
	c.delayed.Add(times * int64(n))
	c.held.Add(times * ns)
	c.chunks.Add(times)
}

func (c *streamCounts) read() Stream {
	return Stream{
		Bytes: c.bytes.Load(), Delayed: c.delayed.Load(), Held: time.Duration(c.held.Load()), Chunks: c.chunks.Load(),
		Withheld: c.withheld.Load(), Refused: c.refused.Load(), Reset: c.reset.Load(),
		Changed: c.changed.Load(), Skipped: c.skipped.Load(),
	}
}
