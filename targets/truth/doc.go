// Package truth is a server that misbehaves by a script and writes down what
// it did to every request, so that whoever measures it can be measured. It
// speaks the interface of the URL-mapping service: GET /{key} answers 302 with
// the value as its Location, PUT /{key} stores {"url": …}.
//
// # Time
//
// The script's time begins with the first request that is neither a question
// for readiness nor one whose X-Request-Id begins with "p/": those populate it.
//
// # The log
//
// Lines that begin with + are the log; a reader skips all others, which are a
// replica's own words. Instants are microseconds since the process began.
//
//	+truth VERSION REPLICA SEED
//	+stretch EVENT DEED FROM TO SHARE BLUNT
//	+AT TOOK METHOD DID EVENT VALUE ID
//	+end ARRIVALS
//
// The first line is written at the start. The stretches follow when the
// script's time begins: all of them, by time; BLUNT is 1 where the share rises
// and falls, so that its edges are no instants. Then comes a line for every
// arrival, when it was dealt with: METHOD is G or P, DID is a deed of the
// script, or ok, missing (404) or bad (400), EVENT is the number of the event
// that it met, or -. VALUE is the number of the value that it wrote or was given, or
// - of none, of one that was forgotten and of another key's: those of a key count
// from 1 in the order in which they came, and of two the one that came later is
// seen, however late the other is. ID is the request's X-Request-Id, or -. The
// last line is written when the process ends in order; its number is that of the
// arrivals.
package truth
