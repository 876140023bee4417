// Package config reads how a mapper is to run, from flags and the
// environment, and refuses what cannot be before anything starts.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/shards"

	"github.com/alecthomas/kong"
	"github.com/cespare/xxhash/v2"
)

// flags are as they were given. Kong shows their help.
type flags struct {
	Listen       string        `default:":8080" env:"MAPPER_LISTEN" help:"Address of the service."`
	Admin        string        `default:"127.0.0.1:6060" env:"MAPPER_ADMIN" help:"Address of /debug/pprof; empty for none."`
	AdminPublic  bool          `env:"MAPPER_ADMIN_PUBLIC" help:"Allow --admin beyond loopback."`
	Redis        string        `default:"redis:6379" env:"MAPPER_REDIS" help:"Address of Redis."`
	Peers        []string      `env:"MAPPER_PEERS" help:"Addresses of the replicas, host:port; a host may have several addresses."`
	JournalDir   string        `default:"/var/lib/mapper" env:"MAPPER_JOURNAL_DIR" help:"Folder of the journal; replicas may share it."`
	JournalMax   string        `default:"64MiB" env:"MAPPER_JOURNAL_MAX" help:"Size of the pending writes, with unit: B, KiB, MiB, GiB."`
	HashSeed     string        `env:"MAPPER_HASH_SEED" help:"Seed of the shard hash, 0 to 2^64-1; random when unset."`
	Node         string        `env:"MAPPER_NODE" help:"Name of this replica, and of its journal; by default the host's."`
	Map          string        `default:"sharded" env:"MAPPER_MAP" help:"Map of a shard: ${maps}."`
	DrainWait    time.Duration `default:"500ms" env:"MAPPER_DRAIN_WAIT" help:"From being not ready to closing the listener."`
	Profile      bool          `env:"MAPPER_PROFILE" help:"Switch the mutex and block profiles on."`
	LogLevel     slog.Level    `default:"INFO" env:"MAPPER_LOG_LEVEL" help:"DEBUG logs every request."`
	Defect       []string      `placeholder:"NAME" help:"Make a known mistake: ${defects}. Needs MAPPER_ALLOW_DEFECTS=1."`
	ClockSpread  time.Duration `hidden:"" env:"MAPPER_CLOCK_SPREAD" help:"Pretend that each machine's clock is off by up to this, by the node's name."`
	AllowDefects bool          `hidden:"" env:"MAPPER_ALLOW_DEFECTS"`
	Probe        string        `placeholder:"URL" help:"GET the URL, and exit with 0 if it answers 200, else with 1."`
}

// Config is checked.
type Config struct {
	Listen, Admin string
	Redis         string
	Peers         []string
	JournalPath   string
	JournalMax    int64 // bytes
	HashSeed      uint64
	Node          string
	Map           string
	DrainWait     time.Duration
	Profile       bool
	LogLevel      slog.Level
	Defects       defect.Set
	ClockSkew     time.Duration // that this machine is to pretend
	Probe         string        // not empty: only this is to be done
}

// Parse reads the arguments (without the program's name) and the environment.
// Its error is one line that names the setting.
func Parse(args []string) (Config, error) {
	var f flags
	parser, err := kong.New(&f, kong.Name("mapper"),
		kong.Description("Sharded URL mappings in memory, with Redis as the truth."),
		kong.Vars{"maps": strings.Join(shards.Kinds, ", "), "defects": defect.Of(defect.All()...).String()})
	if err != nil {
		return Config{}, err
	}
	if _, err := parser.Parse(args); err != nil {
		return Config{}, err
	}
	return f.check()
}

var nodeName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)

func (f flags) check() (Config, error) {
	c := Config{Listen: f.Listen, Admin: f.Admin, Redis: f.Redis, Peers: f.Peers, Node: f.Node, Map: f.Map,
		DrainWait: f.DrainWait, Profile: f.Profile, LogLevel: f.LogLevel, Probe: f.Probe}
	if f.Probe != "" {
		return c, nil
	}
	if err := f.checkAddresses(); err != nil {
		return c, err
	}
	var err error
	if c.Node == "" {
		if c.Node, err = hostName(); err != nil {
			return c, fmt.Errorf("--node: %w", err)
		}
	}
	if !nodeName.MatchString(c.Node) {
		return c, fmt.Errorf("--node %q: 1 to 64 of letters, digits, '_', '.', '-'", c.Node)
	}
	c.JournalPath = filepath.Join(f.JournalDir, c.Node+".journal")
	if c.JournalMax, err = Bytes(f.JournalMax); err != nil {
		return c, fmt.Errorf("--journal-max: %w", err)
	}
	c.HashSeed = rand.Uint64()
	if f.HashSeed != "" {
		if c.HashSeed, err = strconv.ParseUint(f.HashSeed, 0, 64); err != nil {
			return c, fmt.Errorf("--hash-seed: %w", err)
		}
	}
	if !slices.Contains(shards.Kinds, f.Map) {
		return c, fmt.Errorf("--map %q: one of %s", f.Map, strings.Join(shards.Kinds, ", "))
	}
	if f.DrainWait < 0 || f.DrainWait > time.Minute {
		return c, fmt.Errorf("--drain-wait %s: from 0s to 1m", f.DrainWait)
	}
	if c.Defects, err = defect.ParseSet(f.Defect); err != nil {
		return c, fmt.Errorf("--defect: %w", err)
	}
	if c.ClockSkew, err = f.clockSkew(c.Node); err != nil {
		return c, err
	}
	if len(f.Defect) > 0 && !f.AllowDefects {
		return c, errors.New("--defect: refused, because it makes the mapper wrong on purpose; set MAPPER_ALLOW_DEFECTS=1 to allow it")
	}
	return c, nil
}

// clockSkew is a replica's own share of the spread, from −1 to 1.
func (f flags) clockSkew(node string) (time.Duration, error) {
	if f.ClockSpread == 0 {
		return 0, nil
	}
	if !f.AllowDefects || f.ClockSpread < 0 || f.ClockSpread > 24*time.Hour {
		return 0, errors.New("MAPPER_CLOCK_SPREAD: from 0s to 24h, and only with MAPPER_ALLOW_DEFECTS=1")
	}
	const steps = 1000
	share := float64(xxhash.Sum64String(node)%(2*steps+1))/steps - 1
	return time.Duration(share * float64(f.ClockSpread)), nil
}

func (f flags) checkAddresses() error {
	addrs := map[string]string{"--listen": f.Listen, "--redis": f.Redis}
	if f.Admin != "" {
		addrs["--admin"] = f.Admin
	}
	for _, name := range []string{"--listen", "--redis", "--admin"} {
		if addr, set := addrs[name]; set {
			if err := hostPort(addr); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for _, p := range f.Peers {
		if err := hostPort(p); err != nil {
			return fmt.Errorf("--peers: %w", err)
		}
	}
	if f.Admin != "" && !f.AdminPublic && !loopback(f.Admin) {
		return fmt.Errorf("--admin %s: profiles are for this machine alone; set MAPPER_ADMIN_PUBLIC=1 to allow it", f.Admin)
	}
	return nil
}

func hostPort(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("address %q: the port must be 0 to 65535", addr)
	}
	return nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// hostName prefers HOSTNAME, which a platform can set for each replica.
func hostName() (string, error) {
	if name := os.Getenv("HOSTNAME"); name != "" {
		return name, nil
	}
	return os.Hostname()
}
