package netfilter

import (
	"errors"
	"io/fs"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// needRoot skips the test where rules cannot be had; with CI=true that is a
// failure.
func needRoot(t *testing.T) {
	t.Helper()
	if err := Probe(t.Context()); err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
}

// apart is a namespace of the test's own, with its loopback device up.
func apart(t *testing.T) *Namespace {
	t.Helper()
	n, err := fresh()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() }) // a second time does nothing
	err = n.within(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		lo, err := unix.NewIfreq("lo")
		if err != nil {
			return err
		}
		lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// send sends packets from 127.0.0.1 to a port there: TCP headers of which
// nobody makes a connection.
func send(t *testing.T, n *Namespace, port, packets int) {
	t.Helper()
	err := n.within(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		header := make([]byte, 20)
		header[0], header[2], header[3], header[12] = 0x30, byte(port>>8), byte(port), 5<<4
		for range packets {
			if err := unix.Sendto(fd, header, 0, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func countsOf(t *testing.T, n *Namespace) map[string]Count {
	t.Helper()
	all, err := n.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The share that is dropped is the one asked for: within five standard
// deviations of the binomial distribution, which chance leaves once in 1.7
// million times.
func TestTheShareOfPacketsIsDropped(t *testing.T) {
	needRoot(t)
	const packets = 20_000
	local := netip.MustParseAddr("127.0.0.1")
	for port, share := range map[int]float64{7001: 0.005, 7002: 0.05, 7003: 0.5, 7004: 1} {
		n := apart(t)
		if err := n.Add(t.Context(), []Rule{{Name: "x-1", From: local, ToPort: port, Share: share}}); err != nil {
			t.Fatal(err)
		}
		send(t, n, port, packets)
		send(t, n, port+100, 50) // to another port: not met
		c := countsOf(t, n)["x-1"]
		t.Logf("%v: %+v", share, c)
		if off := math.Abs(float64(c.Dropped) - packets*share); c.Met != packets || off > 5*math.Sqrt(packets*share*(1-share)) {
			t.Errorf("of %d packets %d were met and %d dropped, asked for %v", packets, c.Met, c.Dropped, share)
		}
	}
}

func TestRulesAreAddedAndRemovedByName(t *testing.T) {
	needRoot(t)
	n := apart(t)
	from := netip.MustParseAddr("10.1.2.3")
	if err := n.Add(t.Context(), []Rule{
		{Name: "gauntlet-r-1-0", From: from, ToPort: 1, Share: 0.5}, {Name: "gauntlet-r-1-1", From: from, FromPort: 2, Share: 1e-6},
	}); err != nil {
		t.Fatal(err)
	}
	if err := n.Add(t.Context(), []Rule{{Name: "gauntlet-r-11-0", From: from, Share: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := n.Add(t.Context(), nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
	if all := countsOf(t, n); len(all) != 3 {
		t.Errorf("there are %v", all)
	}
	for range 2 { // the second time nothing is there
		if err := n.Remove(t.Context(), "gauntlet-r-1-"); err != nil {
			t.Fatal(err)
		}
		if all := countsOf(t, n); len(all) != 1 {
			t.Errorf("left are %v", all)
		}
	}
	// One that iptables does not take leaves the others as they were.
	if err := n.Add(t.Context(), []Rule{{Name: "gauntlet-r-2-0", From: from, Share: 1}, {Name: "bad", From: from, ToPort: 1 << 17, Share: 1}}); err == nil {
		t.Error("a port of 17 bits was taken")
	}
	if all := countsOf(t, n); len(all) != 1 {
		t.Errorf("half of a change was made: %v", all)
	}
}

// What is done in a namespace is done in no other, and the test is in its own
// again.
func TestNamespacesAreApart(t *testing.T) {
	needRoot(t)
	before, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	one, two := apart(t), apart(t)
	if err := one.Add(t.Context(), []Rule{{Name: "gauntlet-r-1-0", From: netip.MustParseAddr("10.1.2.3"), Share: 1}}); err != nil {
		t.Fatal(err)
	}
	if all := countsOf(t, two); len(all) != 0 {
		t.Errorf("in another namespace there are %v", all)
	}
	if after, err := os.Readlink("/proc/thread-self/ns/net"); after != before || err != nil {
		t.Errorf("the test was in %s and is in %s, %v", before, after, err)
	}
	if n, err := Of(os.Getpid()); err == nil {
		n.Close()
		t.Error("the machine's own namespace was opened")
	}
	if n, err := one.Resent(); n != 0 || err != nil {
		t.Errorf("a namespace in which nothing was sent sent %d segments again, %v", n, err)
	}
}

// A namespace outlives the process that it was opened by, with what it has
// counted.
func TestANamespaceOutlivesItsProcess(t *testing.T) {
	needRoot(t)
	cmd := exec.Command("sleep", "60")
	apart := apart(t)
	if err := apart.within(cmd.Start); err != nil {
		t.Fatal(err)
	}
	ended := false
	end := func() {
		if !ended {
			ended = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	defer end()
	n, err := Of(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := apart.Add(t.Context(), []Rule{{Name: "gauntlet-r-1-0", From: netip.MustParseAddr("10.1.2.3"), Share: 1}}); err != nil {
		t.Fatal(err)
	}
	apart.Close()
	end()
	if all := countsOf(t, n); len(all) != 1 {
		t.Errorf("after its end there are %v", all)
	}
	if _, err := Of(cmd.Process.Pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the namespace of a process that is gone: %v", err)
	}
}
