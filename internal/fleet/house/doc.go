// Package house puts the fleet's rooms together.
//
//	h := house.New(store, providers, log, now)
//	defer h.Close()
//	if err := h.Recover(ctx); err != nil { … } // once, before anything is served
//	go h.Run(ctx)
package house
