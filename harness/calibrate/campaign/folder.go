package campaign

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gauntlet/reports"
)

// The files of a calibration's folder.
const (
	SeededFile  = "seeded.json"
	SocketsFile = "sockets.ndjson"
	HealthyFile = "healthy.ndjson"
	DefectsFile = "defects.ndjson"
	dataFile    = "calibration.json"
	pageFile    = "index.html"
	runsFolder  = "runs"
)

// The names of the layers.
const (
	SeededLayer  = "Seeded histories"
	SocketsLayer = "Sockets"
	HealthyLayer = "False alarms"
	DefectsLayer = "Seeded defects"
)

// Runs is the folder of the runs of a ledger.
func Runs(dir, ledger string) string {
	return filepath.Join(dir, runsFolder, ledger[:len(ledger)-len(filepath.Ext(ledger))])
}

// Page is the path of the page.
func Page(dir string) string { return filepath.Join(dir, pageFile) }

// SaveSeeded keeps the table of the deterministic layer.
func SaveSeeded(dir string, l reports.CalibrationLayer) error {
	return reports.Save(filepath.Join(dir, SeededFile), func(w io.Writer) error {
		text, err := json.MarshalIndent(l, "", "  ")
		if err == nil {
			_, err = w.Write(append(text, '\n'))
		}
		return err
	})
}

// Collect is everything that the folder knows, and of the claims what it knows
// of them.
func Collect(dir string, claims []Claim) (*reports.Calibration, error) {
	c := &reports.Calibration{}
	seeded, err := readSeeded(filepath.Join(dir, SeededFile))
	if err != nil {
		return nil, err
	}
	if seeded != nil {
		c.Layers = append(c.Layers, *seeded)
	}
	sockets, err := ReadLedger(filepath.Join(dir, SocketsFile))
	if err != nil {
		return nil, err
	}
	if len(sockets) > 0 {
		c.Layers = append(c.Layers, Layer(SocketsLayer, "real runs against servers that follow a script; the truth is their own log of every request", Sockets(sockets), sockets))
	}
	healthy, err := ReadLedger(filepath.Join(dir, HealthyFile))
	if err != nil {
		return nil, err
	}
	if len(healthy) > 0 {
		c.Layers = append(c.Layers, Layer(HealthyLayer, "real runs of three mappers and their Redis with nothing broken, half of them beside two burners for each processor; a FAIL is a false alarm", Healthy(healthy), healthy))
	}
	defects, err := ReadLedger(filepath.Join(dir, DefectsFile))
	if err != nil {
		return nil, err
	}
	if len(defects) > 0 {
		c.Layers = append(c.Layers, Layer(DefectsLayer, "real runs of mappers that are built wrong on purpose, and of the same experiments without; each defect must be caught by the objective, and for the reason, that names it", Defects(claims, defects), defects))
	}
	return c, nil
}

func readSeeded(path string) (*reports.CalibrationLayer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var l reports.CalibrationLayer
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &l, nil
}

// Report draws the page from what the folder knows.
func Report(dir string, claims []Claim) (*reports.Calibration, error) {
	c, err := Collect(dir, claims)
	if err != nil {
		return nil, err
	}
	return c, errors.Join(
		reports.Save(filepath.Join(dir, dataFile), func(w io.Writer) error { return reports.WriteCalibration(w, c) }),
		reports.Save(Page(dir), func(w io.Writer) error { return reports.CalibrationHTML(w, c) }),
	)
}
