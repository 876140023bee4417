package api

import (
	"net/http"
	"time"

	"gauntlet/targets/mapper/peers"
)

// snapshotTimeout bounds sending the copy to a slow peer.
const snapshotTimeout = time.Minute

// snapshot sends the copy to a peer, to one at a time: requests come first.
func (h *Handler) snapshot(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(peers.NodeHeader, h.Node)
	since, err := peers.ParseSince(r.URL.Query())
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	if !h.giving.TryLock() {
		unavailable(w, "another replica is being given the copy")
		return
	}
	defer h.giving.Unlock()
	if !h.State.Covers(r.Context(), since) {
		unavailable(w, "this replica has no copy, or none so new")
		return
	}
	// Where the time of an answer is limited, this one takes longer; where it
	// is not, there is nothing to change.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(snapshotTimeout))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := peers.Write(w, h.State.Snapshot); err != nil {
		h.Log.Warn("snapshot for a peer", "error", err)
	}
}
