# Against an index file, offline.
$ printf '%s\n' '{"name":"a/web","version":"1.0.0","dependencies":{"a/log":"^1.0"}}' '{"name":"a/web","version":"1.1.0","dependencies":{"a/log":"^2.0"}}' '{"name":"a/log","version":"1.5.0"}' '{"name":"a/log","version":"2.0.0","yanked":true}' >index.jsonl

$ ggen resolve --index index.jsonl a/web
  {
    "schema": "ggen.resolve/1",
    "packages": {
      "a/log": "1.5.0",
      "a/web": "1.0.0"
    }
  }

$ ggen resolve --index index.jsonl 'a/web@^1.1'
! error[GM0501]: Because the request needs a/web ^1.1, which needs a/log ^2.0, but the only version of a/log that matches, 2.0.0, was yanked, the requirements of the request cannot all be met.
!   cause: no set of versions satisfies every requirement
!   help: it works with a/web 1.0.0 instead of ^1.1
[8]

$ ggen resolve --index index.jsonl a/nothing
! error[GM0501]: There is no package named a/nothing, which the request needs.
!   cause: no set of versions satisfies every requirement
!   help: check the spelling; `ggen search` finds names
[8]

$ echo '{"name":' >broken.jsonl; ggen resolve --index broken.jsonl a/web
! error: broken.jsonl: line 1: JSON, byte 9: parse error at line 1, column 9: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal
[1]

$ ggen resolve --index nowhere.jsonl a/web
! error: open nowhere.jsonl: No such file or directory
[3]

$ ggen resolve a/web
! error[GM0801]: `resolve` needs --index
!   help: `ggen help resolve` shows the flags with examples
[2]
