package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"gauntlet/targets/mapper/api"
	"gauntlet/targets/mapper/config"
	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/journal"
	"gauntlet/targets/mapper/peers"
	"gauntlet/targets/mapper/replica"
	"gauntlet/targets/mapper/shards"
	"gauntlet/targets/mapper/truth"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
)

const (
	lockWait        = 3 * time.Second // for a predecessor that is just dying
	shutdownTimeout = 5 * time.Second
	flushTimeout    = 2 * time.Second
	maxWrites       = 2048
)

// parts of a running mapper.
type parts struct {
	config  config.Config
	log     *slog.Logger
	journal *journal.Journal
	redis   *truth.Redis
	service *replica.Service
	handler *api.Handler
}

// run serves until the context ends, and then stops in order.
func run(ctx context.Context, c config.Config, log *slog.Logger) error {
	p, err := assemble(c, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("--listen: %w", err), p.journal.Close())
	}
	startAdmin(c, log)
	log.Info("serving", "addr", listener.Addr().String(), "redis", c.Redis, "pending", p.journal.Depth(), "defects", c.Defects.String())

	// The loops outlive the signal: requests that drain still need them.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	done := make(chan struct{})
	go p.redis.Run(work)
	go func() { defer close(done); p.service.Run(work) }()

	if c.Defects.Has(defect.DropOnShutdown) {
		go p.service.StoreBehind(ctx) // the mistake: with the signal it ends
	}

	server := newServer(p.serving(), log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(netutil.LimitListener(listener, maxConnections)) }()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), p.journal.Close())
	case <-ctx.Done():
	}
	if c.Defects.Has(defect.NoDrain) {
		os.Exit(0)
	}
	p.drain(server)
	stopWork()
	<-done
	return p.finish()
}

// assemble opens the journal and takes over what is pending: whatever was
// acknowledged is readable before the first request is.
func assemble(c config.Config, log *slog.Logger) (*parts, error) {
	if err := os.MkdirAll(filepath.Dir(c.JournalPath), 0o700); err != nil {
		return nil, fmt.Errorf("--journal-dir: %w", err)
	}
	j, err := journal.Open(c.JournalPath, c.JournalMax, lockWait)
	if err != nil {
		return nil, fmt.Errorf("--journal-dir: %w", err)
	}
	m, err := newCopy(c)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	redis := truth.New(truth.Options{Addr: c.Redis, Node: c.Node, Log: log, ClockSkew: c.ClockSkew, Defects: c.Defects})
	var pending replica.Pending = j
	if c.Defects.Has(defect.MemoryOnly) {
		pending = &journal.Volatile{}
	}
	if c.Defects.Has(defect.JournalTailIgnored) {
		if err := j.ForgetTail(ignoredTail); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	service := replica.New(replica.Options{Node: c.Node, Copy: m, Truth: redis, Pending: pending,
		Peers: peers.New(c.Node, c.Peers), Defects: c.Defects, Log: log})
	if err := j.All(func(r journal.Record) { service.Restore(r.Entry) }); err != nil {
		return nil, errors.Join(fmt.Errorf("replay: %w", err), j.Close())
	}
	registry := prometheus.NewRegistry()
	handler := api.New(api.Options{Node: c.Node, Mappings: service, State: service, Shard: m.Shard,
		Now: redis.Clock.Now, Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), Log: log, MaxWrites: maxWrites})
	p := &parts{config: c, log: log, journal: j, redis: redis, service: service, handler: handler}
	p.register(registry)
	return p, nil
}

func newCopy(c config.Config) (*shards.Map, error) {
	switch {
	case c.Defects.Has(defect.FNVShards):
		return shards.NewFNV(c.Map)
	case c.Defects.Has(defect.UnlockedMap):
		return shards.NewUnlocked(), nil
	}
	return shards.New(c.Map, c.HashSeed)
}

// serving is what the server calls.
func (p *parts) serving() http.Handler {
	if p.config.Defects.Has(defect.GlobalLock) {
		return oneAtATime(p.handler)
	}
	return p.handler
}

// drain lets clients go elsewhere, and then ends what is in flight.
func (p *parts) drain(server *server) {
	p.log.Info("draining")
	p.handler.Drain()
	time.Sleep(p.config.DrainWait)
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	go server.hangUp(ctx.Done())
	if err := server.Shutdown(ctx); err != nil {
		p.log.Error("requests were cut off", "error", err)
	}
}

// finish writes back what Redis can still take, and closes the journal.
func (p *parts) finish() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	p.service.Flush(ctx)
	p.redis.Close()
	p.log.Info("stopped", "pending", p.journal.Depth())
	return p.journal.Close()
}
