//! The traps of gating a request path, and the tests that watch them: those here go through real
//! servers over loopback, those beside the code poll by hand, the loom models try every order.
//!
//! | | trap | tests |
//! | --- | --- | --- |
//! | 1 | a cancellation does not reach a body that nobody polls | `stream_whose_window_is_shut_stays_inside_after_the_cancellation_until_it_is_reset`, `client_that_reads_nothing_stays_inside_after_the_cancellation_until_it_disconnects`, `body_that_nobody_polls_stays_inside_after_the_cancellation` |
//! | 2 | a request enters while the gate is being closed | `nothing_is_admitted_after_close_returned_two_shards`, `drained_is_not_seen_while_a_permit_lives_two_shards` |
//! | 3 | ready, then closed, then called | `ready_then_closed_then_called_is_rejected_and_the_service_never_called` |
//! | 4 | a service that is not ready behind a closed gate, or after a swap | `closed_gate_is_ready_although_the_service_is_not`, `service_that_was_not_ready_is_not_called_even_after_the_slot_was_opened_again`, `pending_readiness_is_woken_by_the_service_and_outlives_a_swap`, `swap_between_ready_and_call_awaits_the_new_instance_and_never_calls_it_unready` |
//! | 5 | a clone is not ready | `clone_must_become_ready_by_itself`, `limited_service_that_is_swapped_for_its_ready_clone_does_not_panic` |
//! | 6 | ready, and never called | `dropping_a_ready_service_without_a_call_counts_nobody` |
//! | 7 | a future that is dropped, unpolled or midway | `request_whose_future_is_never_polled_leaves_when_it_is_dropped`, `request_whose_future_is_dropped_midway_leaves` |
//! | 8 | a panic in `call`, future or body | `panics_in_call_future_and_body_leave_nobody_inside_and_the_server_serving`, `request_whose_call_panics_leaves`, `request_whose_future_panics_leaves`, `request_whose_body_panics_leaves_and_the_drain_is_told` |
//! | 9 | a body of known length is never polled to `None` | `body_of_an_exact_length_is_released_while_the_connection_is_kept_alive`, `body_that_knows_its_end_leaves_with_the_last_frame`, `body_of_an_announced_length_is_completed_though_the_server_never_asks_for_its_end`, `body_of_an_announced_length_leaves_with_its_last_byte` |
//! | 10 | HEAD, 204 and 304: the body is never polled | `http1_response_is_byte_for_byte_what_it_is_without_the_layer`, `empty_body_leaves_before_anybody_polls_it`, `head_request_is_completed_though_the_server_drops_its_body` |
//! | 11 | `is_end_stream` and `size_hint` decide the framing | `http1_response_is_byte_for_byte_what_it_is_without_the_layer`, `http2_response_is_frame_for_frame_what_it_is_without_the_layer`, `end_of_stream_and_size_hint_are_the_bodys` |
//! | 12 | a finished body that is held | `body_leaves_at_its_end_though_it_is_held`, `body_leaves_with_its_trailers`, `body_leaves_with_its_error_though_it_is_held` |
//! | 13 | the client disconnects in mid-body | `client_that_disconnects_in_mid_body_leaves`, `client_that_disconnects_leaves_with_every_stream`, `client_that_resets_the_stream_in_mid_body_leaves`, `tonic_client_that_goes_away_in_mid_stream_leaves` |
//! | 14 | a chunked body that ends cleanly has been truncated silently | `cancelled_chunked_body_ends_without_its_terminator`, `cancelled_body_of_a_known_length_falls_short_of_it`, `cancelled_stream_is_reset_and_the_connection_goes_on` |
//! | 15 | a gRPC stream that ends in an error has no status | `stream_that_is_cut_off_ends_as_unavailable_for_a_tonic_client`, `call_that_is_cut_off_before_its_head_is_unavailable_for_a_tonic_client`, `stream_that_is_cut_off_ends_with_a_status_in_the_body_of_a_grpc_web_client` |
//! | 16 | a gRPC rejection is a 200 that ends with its headers | `rejection_is_a_status_on_headers_that_end_the_stream`, `closed_plugin_is_unavailable_to_a_tonic_client`, `rejection_is_a_status_to_a_grpc_web_client` |
//! | 17 | a 2xx opens a tunnel | `connect_is_answered_503_even_in_grpc`, `rejected_connect_over_http2_is_never_a_2xx`, `connect_is_never_answered_with_a_2xx` |
//! | 18 | an upgraded connection outlives its response | `upgraded_connection_keeps_counting_after_the_response_body_is_dropped`, `upgraded_connection_hears_of_the_cancellation_through_its_lease`, `websocket_over_http2_keeps_counting_until_its_handler_drops_the_lease`, `http2_tunnel_keeps_counting_until_its_handler_drops_the_lease` |
//! | 19 | done and cancelled at the same time | `any_request_is_completed_or_cancelled_and_counted_as_that`, `response_head_is_the_services_or_a_503_and_counted_as_that`, `body_ends_as_the_services_or_with_an_error_and_is_counted_as_that`, `end_that_is_there_when_the_cancellation_is_seen_is_the_bodys` |
//! | 20 | a plugin within a plugin | `nested_plugins_are_left_together_whichever_is_cancelled`, `request_rejected_by_the_inner_of_two_plugins_is_answered_once_and_leaves_the_outer`, `lease_of_nested_plugins_holds_every_one_of_them_and_hears_of_each` |
//! | 21 | queues and balancers around the gate | `requests_queued_outside_the_gate_are_not_inside_and_are_rejected_at_once`, `requests_queued_behind_the_gate_are_inside_and_are_served`, `plugin_that_rejects_stays_in_a_balancer_and_serves_once_it_is_back`, `buffer_around_a_plugin_that_rejects_serves_once_it_is_back` |
//! | 22 | bounds that frameworks ask for, and users' types that lack them | `everything_can_be_sent_and_shared_as_far_as_the_users_types_can`, `what_wraps_something_unpin_is_unpin`, `bare_types_are_gated_as_they_are`, `layers_fit_axum_everywhere`, `layers_fit_a_tonic_server` |
//! | 23 | tonic routes by `NamedService` | `gated_service_is_added_by_its_own_name_and_gates_no_other` |
//! | 24 | a rejection while the client uploads | `client_that_uploads_slowly_is_told_at_once_and_keeps_its_connection`, `large_upload_is_rejected_with_a_503_that_is_there_after_writing_failed` |
//! | 25 | drained is not yet sent | `response_that_is_drained_still_reaches_a_slow_client_whole` |

#![cfg(not(tower_plugin_loom))]
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod balance;
mod grpc;
mod grpc_web;
mod http1;
mod http2;
mod identical;
mod layers;
mod panics;
mod statics;
mod support;
mod table;
mod tunnel;
mod upgrade;
mod upload;
