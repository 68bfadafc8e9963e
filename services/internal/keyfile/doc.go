// Package keyfile parses the key files that users provide for Google Cloud: the key of a
// service account, and the configuration of workload identity federation.
//
// They are untrusted input. Google's libraries do what such a file states: they fetch a
// token from any URL in it, read any file and run any program (Google Cloud, "Security
// requirements when using credential configurations from an external source").
// Therefore nothing of a file is used before this package has checked it:
//
//   - The file has the expected type, is complete, and has a bounded size.
//   - Each URL is Google's own for its purpose, or has a host that the operator allows
//     (ROLLCALL_ALLOWED_TOKEN_HOSTS).
//   - Tokens come from a URL or from AWS, and never from a file or a program.
//   - The output contains only the members that were parsed and checked. A member that
//     is not known, or occurs twice, is not passed on.
//
// Errors name the wrong member, and never quote the content of the file.
package keyfile
