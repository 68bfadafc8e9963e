// Package keyfile reads the key files that users hand over for Google Cloud: a
// service account's key, and the configuration of workload identity federation.
// They are untrusted input. Google's libraries do what such a file says: fetch a
// token from any address in it, read any file, run any program (Google Cloud,
// "Security requirements when using credential configurations from an external
// source"). So nothing of a file is used before it was read here:
//
//   - only the type of file that was asked for, whole and bounded in size;
//   - every address is Google's own for its purpose, or a host that the operator
//     allows (ROLLCALL_ALLOWED_TOKEN_HOSTS);
//   - tokens come from an address or from AWS, never from a file or a program;
//   - what comes out is written anew from the members that were read and
//     checked: a member that is not known here, or stands there twice, reaches
//     nobody.
//
// Errors name the member that is wrong, and never quote what the file says.
package keyfile
