package truth

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the calls to Redis and of the connections to it.
type Metrics struct {
	latency        *prometheus.HistogramVec
	dials          *prometheus.CounterVec
	breakerChanges *prometheus.CounterVec
	open           atomic.Int64
}

func newMetrics() *Metrics {
	return &Metrics{
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mapper_redis_latency_seconds", Help: "Time of a call to Redis, by call and outcome.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .15, .25, 1},
		}, []string{"call", "outcome"}),
		dials: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mapper_redis_dials_total", Help: "Connections tried, by outcome.",
		}, []string{"outcome"}),
		breakerChanges: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mapper_redis_breaker_changes_total", Help: "Changes of the breaker, by the new state.",
		}, []string{"to"}),
	}
}

// Collectors are to be registered once.
func (r *Redis) Collectors() []prometheus.Collector {
	state := func(name string) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mapper_redis_breaker", Help: "1 for the state that the breaker is in.",
			ConstLabels: prometheus.Labels{"state": name},
		}, func() float64 { return boolean(r.Breaker() == name) })
	}
	return []prometheus.Collector{
		r.Metrics.latency, r.Metrics.dials, r.Metrics.breakerChanges,
		state("closed"), state("open"), state("half-open"),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mapper_redis_connections", Help: "Open connections to Redis.",
		}, func() float64 { return float64(r.Metrics.open.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "mapper_clock_offset_seconds", Help: "Redis's time minus the machine's.",
		}, func() float64 { return r.Clock.Offset().Seconds() }),
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (m *Metrics) observe(call string, start time.Time, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.latency.WithLabelValues(call, outcome).Observe(time.Since(start).Seconds())
}
