//! Panics in the middle of ticks, joins and check-ins: nothing is half done, and the workers go on.

use super::room::{Room, join, key};
use crate::store::panics::Panics;
use crate::store::testbed::{Testbed, on_every_database};
use frontrow_application::port::{NumberDispenser, QueueStore, StoreError};
use frontrow_domain::waiting_room::CheckInOutcome;
use std::sync::Arc;

async fn workers_of_queues_go_on_after_panics(testbed: &Testbed) {
    let panics = Arc::new(Panics::default());
    let room = Room::new(testbed, 100).await;
    let queues = room.instance_with(panics.clone()).await;
    let mut most = [0; 3];
    for number in 0.. {
        let n = u128::try_from(number).unwrap() + 1;
        let mut any = false;
        for (kind, most) in most.iter_mut().enumerate() {
            let before = room.context.dump().await;
            let attempt = async || match kind {
                0 => queues.join(join(n)).await.map(drop),
                1 => {
                    queues.check_in(room.check_in(n), false).await.map(|came| assert_eq!(came, CheckInOutcome::Present))
                }
                _ => queues.tick(&room.order()).await.map(|report| assert_eq!(report.unwrap().admitted, [key(n)])),
            };
            panics.arm(number);
            let answer = attempt().await;
            if !panics.disarm() {
                assert_eq!(answer, Ok(()), "{kind}");
                continue;
            }
            (any, *most) = (true, number);
            assert!(matches!(answer, Err(StoreError::Fault(_))), "{kind}, {number}: {answer:?}");
            // A file is let go of a moment later; until then whoever writes waits for it.
            if testbed.server().is_some() {
                room.context.assert_nobody_writes().await;
            }
            assert_eq!(room.context.dump().await, before, "{kind}, {number}");
            assert_eq!(attempt().await, Ok(()), "{kind}, {number}");
        }
        if !any {
            break;
        }
    }
    assert!(most[0] >= 5 && most[1] >= 4 && most[2] >= 8, "there are more statements than {most:?}");
    room.assert_consistent().await;
}

on_every_database! { workers_of_queues_go_on_after_panics }
