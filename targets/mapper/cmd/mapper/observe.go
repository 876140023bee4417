package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"time"

	"gauntlet/targets/mapper/config"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// register shows everything that the mapper counts, with the Go runtime's and
// the process's own numbers.
func (p *parts) register(registry *prometheus.Registry) {
	registry.MustRegister(p.service,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mapper_journal_bytes", Help: "Size of the writes that wait for Redis.",
		}, func() float64 { return float64(p.journal.Bytes()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "mapper_journal_syncs_total", Help: "Group commits of the journal.",
		}, func() float64 { return float64(p.journal.Syncs()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mapper_writes_in_flight", Help: "Writes that wait for an answer.",
		}, func() float64 { return float64(p.handler.WritesInFlight()) }))
	registry.MustRegister(p.redis.Collectors()...)
}

// Profile rates that cost little: one event in a hundred, and one blocked for
// 10 µs. (A rate of 1 records every event.)
const (
	mutexFraction  = 100
	blockThreshold = 10_000 // ns
)

// startAdmin serves the profiles. They are a convenience: replicas that share
// an address by mistake still serve, and say that they have none.
func startAdmin(c config.Config, log *slog.Logger) {
	if c.Profile {
		runtime.SetMutexProfileFraction(mutexFraction)
		runtime.SetBlockProfileRate(blockThreshold)
	}
	if c.Admin == "" {
		return
	}
	listener, err := net.Listen("tcp", c.Admin)
	if err != nil {
		log.Warn("no profiles", "error", err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); err != nil {
			log.Warn("profiles ended", "error", err)
		}
	}()
}
