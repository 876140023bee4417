package calibrate

import (
	"runtime"
	"sync"
	"time"

	"gauntlet/harness/consistency"
)

// Row is a line of the deterministic layer's table: what happens, and what is
// demanded of the harness then.
type Row struct {
	Name string
	Goal Goal
	Runs int // of it among a thousand or so that take a core some seconds
	play func(seed uint64) (Truth, Told)
}

// Rows are all rows. recordings are noise of real runs: of a host that was
// quiet, and of one that was busy; without any of a kind its rows are left
// out.
func Rows(quiet, busy []*Recording) []Row {
	rows := append(edgeRows(), floorRows()...)
	rows = append(append(append(rows, healthyRows()...), dataRows()...), registerRows()...)
	if len(quiet) > 0 {
		rows = append(rows, recordedRows("recorded noise of a quiet host", Resampled(quiet...), 0.02, 0.95)...)
	}
	if len(busy) > 0 {
		// What cannot be decided there is reported and not limited, and a mask
		// may hide an outage: it must not invent one.
		rows = append(rows, recordedRows("recorded noise of a busy host", Resampled(busy...), 1, 0)...)
	}
	return rows
}

// Play is what came of the seeded runs from … from+n−1, played on every core;
// controls are the same runs as each of wrongs would tell them.
func (r Row) Play(from uint64, n int, wrongs ...Wrong) (real Tally, controls []Tally) {
	tallies := make([][]Tally, n)
	seeds := make(chan int)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range seeds {
				seed := from + uint64(i)
				truth, told := r.play(seed)
				tallies[i] = []Tally{Score(truth, told)}
				for _, w := range wrongs {
					tallies[i] = append(tallies[i], Score(w.Tell(seed, truth, told)))
				}
			}
		})
	}
	for i := range n {
		seeds <- i
	}
	close(seeds)
	all.Wait()
	controls = make([]Tally, len(wrongs))
	for _, of := range tallies {
		real.Add(of[0])
		for i := range wrongs {
			controls[i].Add(of[1+i])
		}
	}
	return real, controls
}

// What errors a healthy system makes.
var (
	few    = independent(0.0005)
	fewer  = independent(0.0001)
	bursts = clustered(0.0001, 4)
)

func edgeRows() []Row {
	var rows []Row
	add := func(name string, noise Noise, f fault, lasts time.Duration, felt felt, g Goal) {
		g.Found = true
		s := scene{rate: 1000, baseline: 5 * time.Second, lasts: lasts, observe: 5 * time.Second, noise: noise, fault: f, felt: felt, blunt: g.Error == 0 && g.Coverage == 0}
		rows = append(rows, Row{Name: name, Goal: g, Runs: 100, play: s.play})
	}
	const s, ms = time.Second, time.Millisecond
	sharp := Goal{Error: 2 * ms, Coverage: 0.95, Lost: 0.02}
	within := func(d time.Duration) Goal { return Goal{Error: d, Coverage: 0.95, Lost: 0.02} }
	add("full outage", madeUp(few), failing(1), 3*s, nil, sharp)
	add("full outage, clustered errors", madeUp(bursts), failing(1), 3*s, nil, sharp)
	add("full outage, late generator", late(few), failing(1), 3*s, nil, Goal{Coverage: 0.95, Open: 1})
	add("full outage of 150 ms", madeUp(few), failing(1), 150*ms, nil, sharp)
	add("every answer a second late", madeUp(few), slow, 3*s, nil, sharp)
	add("one of three replicas", madeUp(few), oneReplica, 3*s, nil, within(10*ms))
	add("one of three replicas, clustered errors", madeUp(bursts), oneReplica, 3*s, nil, Goal{Error: 20 * ms, Coverage: 0.90, Lost: 0.02})
	add("a third of all requests", madeUp(few), failing(1.0/3), 3*s, nil, within(10*ms))
	add("5 % brown-out", madeUp(fewer), failing(0.05), 6*s, nil, Goal{Error: 80 * ms, Coverage: 0.95, Lost: 0.02})
	add("5 % brown-out, late generator", late(fewer), failing(0.05), 6*s, nil, Goal{Coverage: 0.95, Open: 1})
	add("hang that drains", madeUp(few), hang, 3*s, hangFelt, within(5*ms))
	add("pause of 600 ms", madeUp(few), hang, 600*ms, hangFelt, within(5*ms))
	add("flapping", madeUp(few), flapping, 3900*ms, flapFelt, within(5*ms))
	add("ramp up and down", madeUp(few), ramp, 6*s, nil, Goal{})
	return rows
}

// floorRows are outages at the floors of §4: every one of them is an episode.
func floorRows() []Row {
	var rows []Row
	add := func(name string, f fault, lasts time.Duration) {
		s := scene{rate: 1000, baseline: 5 * time.Second, lasts: lasts, observe: 6 * time.Second, noise: madeUp(independent(0.0002)), fault: f}
		rows = append(rows, Row{Name: name, Goal: Goal{Found: true}, Runs: 200, play: s.play})
	}
	add("floor: 50 ms of all", failing(1), 50*time.Millisecond)
	add("floor: 100 ms of a third", oneReplica, 100*time.Millisecond)
	add("floor: 1 s of 5 %", failing(0.05), time.Second)
	return rows
}

// healthyRows are runs in which nothing happens, of the length of a short
// form.
func healthyRows() []Row {
	var rows []Row
	add := func(name string, noise Noise, open float64, runs int) {
		s := scene{rate: 1000, baseline: 5 * time.Second, observe: 15 * time.Second, noise: noise}
		rows = append(rows, Row{Name: name, Goal: Goal{Found: true, Open: open}, Runs: runs, play: s.play})
	}
	add("healthy, independent errors", madeUp(few), 0.02, 400)
	add("healthy, clustered errors", madeUp(clustered(0.0001, 5)), 0.02, 400)
	add("healthy, late generator", late(few), 1, 100)
	add("healthy, no errors", madeUp(independent(0)), 0.02, 100)
	return rows
}

// recordedRows are healthy runs and full outages in the noise of real runs.
func recordedRows(of string, noise Noise, open, coverage float64) []Row {
	healthy := scene{rate: 1000, baseline: 5 * time.Second, observe: 15 * time.Second, noise: noise}
	outage := scene{rate: 1000, baseline: 5 * time.Second, lasts: 3 * time.Second, observe: 5 * time.Second, noise: noise, fault: failing(1)}
	return []Row{
		{Name: "healthy, " + of, Goal: Goal{Found: open < 1, Open: open}, Runs: 200, play: healthy.play},
		{Name: "full outage, " + of, Goal: Goal{Found: open < 1, Open: open, Coverage: coverage}, Runs: 100, play: outage.play},
	}
}

func dataRows() []Row {
	return []Row{
		{Name: "writes, none lost", Goal: Goal{Lost: 0.02}, Runs: 100, play: data{writes: 2000}.play},
		{Name: "writes, some lost", Goal: Goal{Lost: 0.02}, Runs: 100, play: data{writes: 2000, lost: 0.01}.play},
		{Name: "writes, a replica silent", Goal: Goal{Lost: 0.02, Open: 1}, Runs: 100, play: data{writes: 2000, lost: 0.0005, silent: 0.5}.play},
		{Name: "reads, some foreign", Goal: Goal{Lost: 0.02}, Runs: 100, play: data{writes: 2000, foreign: 0.002}.play},
	}
}

// registerRows are of registers of which everything is promised. What is planted
// breaks one promise, and nothing else may FAIL.
func registerRows() []Row {
	var rows []Row
	add := func(name string, runs int, g registers) {
		rows = append(rows, Row{Name: name, Goal: Goal{Lost: 0.02}, Runs: runs, play: g.play})
	}
	kept := func(name string, g registers) { add(name, 100, g) }
	breaks := func(name string, g registers) { add(name, 40, g) }
	const lag = 400 * milli // of 500 ms that are promised
	limited := func(p *consistency.Promise) { p.Fault = time.Second }
	kept("registers, copies that lag", registers{promise: promised(), lag: lag})
	kept("registers, a replica apart in the fault", registers{promise: promised(), lag: lag, apart: true})
	kept("registers, some deleted", registers{promise: promised(), lag: lag, deletes: true})
	kept("registers, one copy", registers{promise: promised(oneOrder)})
	kept("registers, one copy, some deleted", registers{promise: promised(oneOrder), deletes: true})
	breaks("registers, some reads too old", registers{promise: promised(), lag: lag, plant: older(0.05, tooOld)})
	breaks("registers, some reads too old in the fault", registers{promise: promised(limited), lag: lag, plant: older(0.1, tooOldBroken)})
	breaks("registers, what the fault left behind", registers{promise: promised(), lag: lag, apart: true, forgets: true})
	kept("registers, all just kept", registers{promise: promised(), lag: lag, plant: justKept()})
	breaks("registers, one read just too old", registers{promise: promised(), lag: lag, plant: justTooOld()})
	breaks("registers, one read just not converged", registers{promise: promised(), lag: lag, plant: justLeft()})
	breaks("registers, clients put back", registers{promise: promised(), lag: lag, plant: older(0.2, goneBack)})
	breaks("registers, one copy, some reads old", registers{promise: promised(oneOrder), plant: older(0.1, disordered)})
	breaks("registers, one copy, some reads inverted", registers{promise: promised(oneOrder), plant: inverted(0.5)})
	breaks("registers, one copy, deletes that come back", registers{promise: promised(oneOrder), deletes: true, plant: older(0.1, resurrected)})
	return rows
}
