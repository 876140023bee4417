// Package journal keeps acknowledged writes on disk until Redis has them. An
// entry is synced before Append returns; entries that wait together share one
// sync. bbolt carries it: its two checksummed meta pages make a torn tail the
// previous commit, and each record has a checksum of its own, because bbolt
// has none on data pages.
package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"gauntlet/targets/mapper/entry"

	"github.com/cespare/xxhash/v2"
	bolt "go.etcd.io/bbolt"
	boltErrors "go.etcd.io/bbolt/errors"
)

var (
	// ErrFull: the entry was refused and has no effect.
	ErrFull = errors.New("journal is full")
	// ErrClosed: the entry was refused and has no effect.
	ErrClosed = errors.New("journal is closed")
	// ErrUncertain: the disk failed, and the entry may or may not be kept.
	ErrUncertain = errors.New("journal could not confirm the entry")
	// ErrLocked: another process holds the journal.
	ErrLocked = errors.New("journal is in use by another process")
	// ErrCorrupt: what is on disk is not what was written.
	ErrCorrupt = errors.New("journal is corrupt")
)

// Record is a pending entry and its place in the journal.
type Record struct {
	Seq   uint64
	Entry *entry.Entry
}

// groupLimit bounds the entries of one sync, so that the first of them does
// not wait for a very long transaction.
const groupLimit = 1024

var bucketName = []byte("pending")

// Journal is safe for concurrent use by one process.
type Journal struct {
	db       *bolt.DB
	maxBytes int64
	requests chan request
	quit     chan struct{}
	done     chan struct{}
	closing  sync.Once

	depth atomic.Int64
	bytes atomic.Int64
	syncs atomic.Uint64
}

// request is an append (record) or a trim (through), answered on err.
type request struct {
	record  []byte
	through uint64
	err     chan error
}

// Open opens or makes the journal at path. It holds at most maxBytes of
// records; the file itself is about twice as large. If another process has
// it, Open waits up to lockWait, for a predecessor that is just dying.
func Open(path string, maxBytes int64, lockWait time.Duration) (*Journal, error) {
	if err := dropTornCreation(path); err != nil {
		return nil, err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockWait, FreelistType: bolt.FreelistMapType,
		NoFreelistSync: true, // half the pages a commit; found again by a scan at Open
	})
	if errors.Is(err, boltErrors.ErrTimeout) {
		return nil, fmt.Errorf("%s: %w", path, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrCorrupt, err)
	}
	j := &Journal{db: db, maxBytes: maxBytes, requests: make(chan request, groupLimit), quit: make(chan struct{}), done: make(chan struct{})}
	if err := j.measure(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go j.commitLoop()
	return j, nil
}

// dropTornCreation removes a file too short to be a bbolt file: a process was
// killed while it made it, before it could acknowledge anything.
func dropTornCreation(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 || info.Size() >= 4*int64(os.Getpagesize()) {
		return nil
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("torn journal: %w", err)
	}
	return nil
}

// measure makes the bucket and counts what is pending, reading every record.
func (j *Journal) measure() (err error) {
	defer func() { // bbolt panics on a page that is not what its parent says
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, p)
		}
	}()
	return j.db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketName)
		if err != nil {
			return err
		}
		return b.ForEach(func(k, v []byte) error {
			j.depth.Add(1)
			j.bytes.Add(int64(len(v)))
			_, err := decode(k, v)
			return err
		})
	})
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("journal folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("journal folder: %w", err)
	}
	return nil
}

// Append returns nil once the entry is on disk. ErrFull and ErrClosed say
// that it surely has no effect, ErrUncertain that nobody knows.
func (j *Journal) Append(e *entry.Entry) error {
	return j.submit(request{record: encode(e)})
}

// Trim forgets the records up to and including a place: Redis has them.
func (j *Journal) Trim(through uint64) error {
	return j.submit(request{through: through})
}

func (j *Journal) submit(r request) error {
	r.err = make(chan error, 1)
	select {
	case j.requests <- r:
	case <-j.quit:
		return ErrClosed
	}
	select {
	case err := <-r.err:
		return err
	case <-j.done: // the loop ended; it may still have answered
		select {
		case err := <-r.err:
			return err
		default:
			return ErrClosed
		}
	}
}

// Oldest returns up to n pending records, oldest first.
func (j *Journal) Oldest(n int) ([]Record, error) {
	records := make([]Record, 0, n)
	err := j.each(func(r Record) bool {
		records = append(records, r)
		return len(records) < n
	})
	return records, err
}

// All visits every pending record, oldest first.
func (j *Journal) All(visit func(Record)) error {
	return j.each(func(r Record) bool { visit(r); return true })
}

func (j *Journal) each(visit func(Record) bool) error {
	return j.db.View(func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketName).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			r, err := decode(k, v)
			if err != nil {
				return err
			}
			if !visit(r) {
				return nil
			}
		}
		return nil
	})
}

// Depth is the number of pending entries.
func (j *Journal) Depth() int { return int(j.depth.Load()) }

// Bytes is the size of the pending entries.
func (j *Journal) Bytes() int64 { return j.bytes.Load() }

// Syncs counts the group commits since Open.
func (j *Journal) Syncs() uint64 { return j.syncs.Load() }

// Close ends the journal after what was submitted is answered.
func (j *Journal) Close() error {
	j.closing.Do(func() { close(j.quit) })
	<-j.done
	return j.db.Close()
}

// A record on disk: xxhash64 of place and line, then the line.
func encode(e *entry.Entry) []byte {
	return e.AppendLine(make([]byte, 8, 8+128+len(e.URL())))
}

func seal(key, record []byte) {
	binary.BigEndian.PutUint64(record, checksum(key, record[8:]))
}

func checksum(key, line []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(key) // never fails
	_, _ = d.Write(line)
	return d.Sum64()
}

func decode(key, record []byte) (Record, error) {
	if len(key) != 8 || len(record) < 8 || binary.BigEndian.Uint64(record) != checksum(key, record[8:]) {
		return Record{}, fmt.Errorf("%w: record %x does not match its checksum", ErrCorrupt, key)
	}
	e, err := entry.ParseLine(string(record[8:]))
	if err != nil {
		return Record{}, fmt.Errorf("%w: record %x: %w", ErrCorrupt, key, err)
	}
	return Record{Seq: binary.BigEndian.Uint64(key), Entry: e}, nil
}
