package doctor

import (
	"context"
	"time"

	"gauntlet/harness/capacity"
	"gauntlet/harness/register"
)

// Machine is what the checks ask; every function of it is set. ThisMachine is
// the real one.
type Machine struct {
	OS   string // as runtime.GOOS
	Go   string // the version that gauntlet was built with, as "go1.26.1"
	CPUs int    // that this process may use
	Root bool

	ReadFile func(path string) ([]byte, error)
	// LookPath finds a program by PATH.
	LookPath func(program string) (string, error)
	// Run runs a program and returns what it printed. It ends within seconds.
	Run func(ctx context.Context, program string, args ...string) (stdout, stderr string, err error)
	// Engine is the answer of the Docker engine to GET /version.
	Engine func(ctx context.Context) (Engine, error)
	// Writable is an error when the folder, or the nearest one above it that
	// exists, takes no files of this user.
	Writable func(folder string) error
	// DiskFree is how many bytes this user may still write there.
	DiskFree func(folder string) (uint64, error)
	// PortFree tells whether nobody listens on a port of loopback.
	PortFree func(port int) bool
	// OpenFiles and Processes are the limits that this process can raise
	// itself to; the largest number there is means none.
	OpenFiles, Processes func() (uint64, error)
	// Lateness sleeps again and again for a millisecond, for at most budget
	// altogether, and returns by how much each sleep ended late.
	Lateness func(ctx context.Context, budget time.Duration) []time.Duration
	// Generator measures what a request costs a load generator here. It takes
	// about a second.
	Generator func(ctx context.Context) (capacity.Generator, error)
	// Runs is the register's list.
	Runs func() ([]register.Info, error)
}

// Engine is what a Docker engine says of itself.
type Engine struct {
	Host       string `json:"-"` // where it was found
	Version    string
	APIVersion string `json:"ApiVersion"`
}
