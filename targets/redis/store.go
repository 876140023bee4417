package redis

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2/server"
	"golang.org/x/sys/unix"
)

// store is the engine and its log: what the engine has changed is in the log
// before anybody can see it. It is safe for concurrent use.
type store struct {
	dir  string
	lock *os.File // keeps a second process off the folder

	mu      sync.Mutex // one command at a time
	eng     *engine
	pending []byte    // records of commands that ran and are not in the log yet
	last    time.Time // when the last command ran: time does not go back

	writing sync.Mutex // taken before mu
	log     *os.File
	number  int // of the log
	spare   []byte
	grown   int64 // bytes in the logs since the base
	base    int64 // bytes in the base
	limit   int64 // how far the logs may grow, at least, before a new base is made
	failed  error // why the log cannot be written; then nothing is acknowledged

	compacting sync.WaitGroup
	busy       bool // a base is being written; guarded by writing
}

// errLog is returned when the log cannot be written any more.
var errLog = errors.New("cannot keep what it would acknowledge")

// openStore loads what is in the folder and goes on from there. limit is how far
// the log grows, in bytes, before it is replaced by a base.
func openStore(f *facts, limit int64) (_ *store, err error) {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := lockDir(f.dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	eng, err := newEngine(f)
	if err != nil {
		return nil, err
	}
	c, err := findChain(f.dir)
	if err != nil {
		return nil, err
	}
	s := &store{dir: f.dir, lock: lock, eng: eng, number: c.last, limit: limit}
	whole, _, err := c.load(f.dir, func(r record) {
		eng.apply(r)
		s.last = eng.now
	})
	if err != nil {
		return nil, err
	}
	if err := removeBefore(f.dir, c.first); err != nil {
		return nil, err
	}
	s.grown = c.logBytes(f.dir)
	s.base = fileSize(filepath.Join(f.dir, baseName(c.base)))
	s.log, err = openLog(filepath.Join(f.dir, logName(c.last)), whole)
	return s, err
}

// lockDir keeps two processes from writing one log. The kernel frees the lock
// when the process dies.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use by another process: %w", dir, err), f.Close())
	}
	return f, nil
}

func (c chain) logBytes(dir string) int64 {
	var sum int64
	for n := c.first; n <= c.last; n++ {
		sum += fileSize(filepath.Join(dir, logName(n)))
	}
	return sum
}

// fileSize is 0 for a file that is not there.
func fileSize(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// do runs one command for a client and then calls done, both before any other
// command runs. The reply must not leave before flush has returned nil.
func (s *store) do(c *server.Peer, args []string, done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if changed := s.eng.do(c, now, args); len(changed) > 0 {
		s.pending = appendRecord(s.pending, record{at: now.UnixMicro(), cmds: changed})
	}
	done()
}

// now is the wall clock, or the time of the last command if that is later.
func (s *store) now() time.Time {
	if t := time.Now().Round(0); t.After(s.last) {
		s.last = t
	}
	return s.last
}

// flush returns once the log holds everything that had happened when it was
// called. A command that is running is waited for, so that what it publishes
// does not leave before what it writes is kept.
func (s *store) flush() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.flushLocked(); err != nil {
		return err
	}
	if s.grown > max(s.limit, s.base) && !s.busy {
		s.failed = s.compact()
	}
	return s.failed
}

func (s *store) flushLocked() error {
	if s.failed != nil {
		return s.failed
	}
	s.mu.Lock()
	s.pending, s.spare = s.spare[:0], s.pending
	s.mu.Unlock()
	if len(s.spare) == 0 {
		return nil
	}
	n, err := s.log.Write(s.spare)
	s.grown += int64(n)
	if err != nil {
		s.failed = fmt.Errorf("%w: %w", errLog, err)
	}
	return s.failed
}

// sweep removes keys whose time has come though nobody asks for them.
func (s *store) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eng.start(s.now())
}

// with runs f while no command runs.
func (s *store) with(f func(*engine)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.eng)
}

// close flushes and syncs the log. Nobody may call do any more.
func (s *store) close() error {
	err := s.flush()
	s.compacting.Wait()
	s.eng.close()
	return errors.Join(err, s.log.Sync(), s.log.Close(), s.lock.Close())
}
