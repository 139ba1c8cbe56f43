"""The microbenchmarks, one a file, and the names of what they find.

Times are seconds of one operation; *of both together* means that two workers did them at once and the time is shared
between them (the service time of what they contend for). Names that planners ask for are in ``model.vocabulary`` and
are made in ``calibration.campaign.planning_costs``.

| quantity | meaning |
|---|---|
| `syscall`, `clock_read`, `delay_loop_iteration` | getppid, clock_gettime through the vDSO, one dependent addition |
| `atomic_add_private`, `atomic_add_shared` | lock add on an own line; by two threads on one word, of both together |
| `atomic_add_false_sharing`, `atomic_add_next_line` | two words of one line; two neighbouring lines; of both together |
| `compare_and_swap_private`, `compare_and_swap_shared` | load and swap alone; with retries by two, of both together |
| `core_to_core_round_trip` | one line handed over and back, median over pairs (all pairs: `latency` of the profile) |
| `ticket_lock_uncontended`, `test_and_set_lock_uncontended`, `queue_lock_uncontended` | take and release when free |
| `ticket_lock_handover`, `test_and_set_lock_handover` | growth of a hand-over: service + this x waiters / 2 |
| `queue_lock_handover` | passing a queue lock on, constant |
| `reader_writer_lock_uncontended`, `_line`, `_mixed` | empty read section alone; by two; one write in 16 by two |
| `page_fault_alone`, `_two_threads`, `_two_processes` | anonymous page, maps of 64 pages |
| `page_fault_single_alone`, `_two_threads`, `_two_processes` | map, touch, unmap one page |
| `page_fault_file_alone`, `_two_threads`, `_two_processes` | page of a file in memory |
| `mmap_munmap_alone`, `_two_threads`, `_two_processes` | map and unmap 64 untouched pages |
| `file_create_alone`, `_one_directory`, `_own_directories` | create, close, unlink; by two processes |
| `file_write_alone`, `_two_processes` | 1 MiB to a new file, then removed |
| `file_read`, `file_read_owner`, `file_read_cold` | open, read 10 bytes, close; through the owner; uncached |
| `signal_round_trip`, `signal_round_trip_same_core` | signal there and back between processes |
| `message_round_trip_polled`, `_woken`, `_woken_same_core`, `_futex` | a line of payload there and back |
| `time_slice`, `thread_switch`, `wake_up` | turns on one core; asleep and woken on one core, on another |
| `process_fork`, `process_spawn`, `thread_create`, each also `_resident` | here; by a polling process elsewhere |
| `packet_round_trip`, `_same_core`, `_forwarded` | 8 bytes over TCP loopback and back; through a responder |
| `packet_path_alone`, `_two_processes` | one UDP packet to oneself |
| `memory_bandwidth`, `memory_bandwidth_core` | streams of all cores, of one [B/s] |
| `l3_bytes`, `l3_latency`, `memory_latency` | last-level cache, and a load that it does not answer |
| `active_core_slowdown` | slowdown of computing per further busy core [1] |
"""
