//! What a test program said.

/// What became of a program's tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub passed: usize,
    /// `program: test`, or why the program itself has failed.
    pub failed: Vec<String>,
    /// The lines that say which tests had no server to run on.
    pub skipped: Vec<String>,
}

/// Reads what libtest has written; `Ok` if the program ended with success.
pub fn read(program: &str, output: &str, ended: Result<(), String>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut has_ended = false;
    for line in output.lines() {
        if let Some(result) = line.strip_prefix("test result: ") {
            has_ended = true;
            let (before, _) = result.split_once(" passed").unwrap_or_default();
            outcome.passed +=
                before.rsplit(' ').next().and_then(|count| count.parse::<usize>().ok()).unwrap_or_default();
        } else if let Some(test) = line.strip_prefix("test ").and_then(|test| test.strip_suffix(" ... FAILED")) {
            outcome.failed.push(format!("{program}: {test}"));
        } else if line.starts_with("SKIPPED ") {
            outcome.skipped.push(line.to_owned());
        }
    }
    match ended {
        Err(status) if outcome.failed.is_empty() => outcome.failed.push(format!("{program}: {status}")),
        Ok(()) if !has_ended => outcome.failed.push(format!("{program}: it did not say how its tests ended")),
        _ => {}
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\nrunning 2 tests\ntest a::b ... ok\nSKIPPED on mysql: c (none)\ntest a::c ... ok\n\n\
                        test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n";

    #[test]
    fn results_are_added_up_and_skips_are_kept() {
        let twice = format!("{GOOD}{GOOD}");
        let outcome = read("http", &twice, Ok(()));
        let skipped = vec!["SKIPPED on mysql: c (none)".to_owned(); 2];
        assert_eq!(outcome, Outcome { passed: 4, failed: Vec::new(), skipped });
    }

    #[test]
    fn failures_are_named() {
        let said = "test a::b ... FAILED\ntest a::c ... ok\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n";
        let outcome = read("http", said, Err("exit status: 101".into()));
        assert_eq!((outcome.passed, outcome.failed), (1, vec!["http: a::b".to_owned()]));
    }

    #[test]
    fn a_program_that_ends_without_a_word_has_failed() {
        assert_eq!(read("http", "running 2 tests\n", Err("signal: 9".into())).failed, ["http: signal: 9"]);
        assert_eq!(read("http", "running 2 tests\n", Ok(())).failed, ["http: it did not say how its tests ended"]);
    }
}
