//! The mock, as pages call it.

#[cfg(test)]
#[path = "../../../web/tests/api/ask.rs"]
#[expect(dead_code, reason = "the web's own tests ask for more")]
mod ask;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod cors;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod description;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod house;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod world;
