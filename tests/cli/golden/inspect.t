# Looking inside, without any configuration.
$ world; ggen inspect log "$ROOM/registry" --key "$(sed -n 's/^log //p' "$ROOM/registry/root/1" | head -1)" --entries
$ ggen inspect log "$ROOM/registry" --key "$(sed -n 's/^key //p' "$ROOM/registry/root/1" | head -1)"
$ ggen inspect proof "$ROOM/registry/state/head" --key "$(sed -n 's/^log //p' "$ROOM/registry/root/1" | head -1)"
$ ggen inspect proof "$ROOM/registry/checkpoint" --key "$(sed -n 's/^log //p' "$ROOM/registry/root/1" | head -1)"
$ ggen pack packs/acme-base-1.0.0 -o base.gpack; ggen inspect archive base.gpack
$ head -c 100 base.gpack >cut.gpack; ggen inspect archive cut.gpack
$ ggen inspect archive nowhere.gpack
