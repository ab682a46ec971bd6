//! What an operator changes, in words.

use super::LineChange;
use std::fmt;

/// What is changed and nothing else, such as `phase open, capacity 20`; for people who ask later who did what.
impl fmt::Display for LineChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = |message: &String| match message.as_str() {
            "" => "no message".to_owned(),
            // In quotes and escaped: it may say anything.
            text => format!("message {text:?}"),
        };
        let weights = |weights: &Vec<u32>| {
            let weights: Vec<String> = weights.iter().map(u32::to_string).collect();
            format!("weights {}", weights.join(" : "))
        };
        let holds = |stopped| if stopped { "new holds stopped" } else { "new holds allowed" };
        let changed = [
            self.phase.map(|phase| format!("phase {}", phase.as_str())),
            self.capacity.map(|capacity| format!("capacity {capacity}")),
            self.rate.map(|rate| format!("{rate} a minute")),
            self.burst.map(|burst| format!("burst {burst}")),
            self.weights.as_ref().map(weights),
            self.message.as_ref().map(message),
            self.holds_stopped.map(|stopped| holds(stopped).to_owned()),
        ];
        let changed: Vec<String> = changed.into_iter().flatten().collect();
        if changed.is_empty() { f.write_str("nothing") } else { f.write_str(&changed.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use crate::waiting_room::{LineChange, Phase};

    #[test]
    fn only_what_is_changed_is_said() {
        let nothing = LineChange::default();
        assert_eq!(nothing.to_string(), "nothing");
        let some = LineChange { phase: Some(Phase::Open), capacity: Some(20), ..nothing.clone() };
        assert_eq!(some.to_string(), "phase open, capacity 20");
        let all = LineChange {
            rate: Some(600),
            burst: Some(10),
            weights: Some(vec![1, 3]),
            message: Some("곧 \"다시\"\n시작".into()),
            holds_stopped: Some(true),
            ..some
        };
        let said = "phase open, capacity 20, 600 a minute, burst 10, weights 1 : 3, message \"곧 \\\"다시\\\"\\n시작\", \
                    new holds stopped";
        assert_eq!(all.to_string(), said);
        let back = LineChange { message: Some(String::new()), holds_stopped: Some(false), ..nothing };
        assert_eq!(back.to_string(), "no message, new holds allowed");
    }
}
