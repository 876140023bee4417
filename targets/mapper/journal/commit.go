package journal

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// commitLoop is the only writer. Whatever waits when a sync ends shares the
// next one: under load the sync costs little for each entry, and a lone entry
// waits for nobody.
func (j *Journal) commitLoop() {
	defer close(j.done)
	for {
		select {
		case first := <-j.requests:
			j.commit(j.gather(first))
		case <-j.quit:
			j.refuseRest()
			return
		}
	}
}

// gather takes what waits, up to groupLimit.
func (j *Journal) gather(first request) []request {
	group := []request{first}
	for len(group) < groupLimit {
		select {
		case r := <-j.requests:
			group = append(group, r)
		default:
			return group
		}
	}
	return group
}

func (j *Journal) refuseRest() {
	for {
		select {
		case r := <-j.requests:
			r.err <- ErrClosed
		default:
			return
		}
	}
}

// commit writes a group in one transaction and answers it.
func (j *Journal) commit(group []request) {
	depth, bytes := j.depth.Load(), j.bytes.Load()
	full := make([]bool, len(group))
	err := j.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketName)
		b.FillPercent = 0.9 // places only grow, so pages are filled once
		for i, r := range group {
			if r.record == nil {
				n, freed, err := trim(b, r.through)
				if err != nil {
					return err
				}
				depth, bytes = depth-n, bytes-freed
				continue
			}
			if full[i] = bytes+int64(len(r.record)) > j.maxBytes; full[i] {
				continue
			}
			if err := put(b, r.record); err != nil {
				return err
			}
			depth, bytes = depth+1, bytes+int64(len(r.record))
		}
		return nil
	})
	if err == nil {
		j.depth.Store(depth)
		j.bytes.Store(bytes)
		j.syncs.Add(1)
	}
	for i, r := range group {
		switch {
		case full[i]:
			r.err <- ErrFull
		case err != nil:
			r.err <- fmt.Errorf("%w: %w", ErrUncertain, err)
		default:
			r.err <- nil
		}
	}
}

func put(b *bolt.Bucket, record []byte) error {
	seq, err := b.NextSequence()
	if err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint64(nil, seq)
	seal(key, record)
	return b.Put(key, record)
}

// trim deletes through a place and says how many records and bytes that was.
func trim(b *bolt.Bucket, through uint64) (n, bytes int64, err error) {
	var places []uint64 // numbers, because the cursor's keys are pages that Delete changes
	c := b.Cursor()
	for k, v := c.First(); k != nil && binary.BigEndian.Uint64(k) <= through; k, v = c.Next() {
		places = append(places, binary.BigEndian.Uint64(k))
		bytes += int64(len(v))
	}
	for _, place := range places {
		if err := b.Delete(binary.BigEndian.AppendUint64(nil, place)); err != nil {
			return 0, 0, err
		}
	}
	return int64(len(places)), bytes, nil
}
