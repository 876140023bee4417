package local

import (
	"os/exec"
	"runtime"

	"gauntlet/harness/platform/priority"
)

// spawner starts processes, all from one thread of the system: the signal that
// ends a child when its parent dies is sent when the *thread* that created it
// ends, and Go ends threads as it likes.
type spawner struct{ requests chan request }

type request struct {
	cmd    *exec.Cmd
	result chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan request)}
	go s.serve()
	return s
}

func (s *spawner) serve() {
	runtime.LockOSThread()
	for r := range s.requests {
		r.result <- priority.Start(r.cmd)
	}
	runtime.UnlockOSThread()
}

// start is cmd.Start on the spawner's thread.
func (s *spawner) start(cmd *exec.Cmd) error {
	r := request{cmd: cmd, result: make(chan error, 1)}
	s.requests <- r
	return <-r.result
}

// stop ends the spawner. No child may be alive, and none be started after.
func (s *spawner) stop() { close(s.requests) }
