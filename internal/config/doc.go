// Package config reads the settings of the dashboard from its flags and its
// environment, once, when it starts.
//
// [Load] is the only way in. It is given the arguments and a function that
// looks up environment variables, checks every setting, and returns either a
// [Config] that needs no further check or [*Problems] with all mistakes at
// once. Nothing here opens a file or a connection.
//
// # Precedence
//
// A flag wins over the environment, the environment over the default. A setting
// with several environment names takes the first that is not blank, in the
// order documented; a blank variable counts as not set. A flag that is given
// counts even when it is empty.
//
// # Secrets
//
// Secrets come from the environment only, since other users of a machine can
// read the flags of a process, and they are of type [Secret]. No error here
// holds one.
//
// docs/configuration.md lists every setting; a test holds it to the table in
// setting.go, in both directions.
package config
