// Package account is the Cloudflare account of this installation: where its id and
// tokens come from, how they are kept, and the place for databases made of them.
//
// They come from the environment, and then nobody changes them in the browser; or an
// owner enters them, and they are kept in the control plane, the tokens sealed
// (package vault). Whoever asks gets the place as it is at that moment: a token that
// is replaced is used from the next request on.
package account
