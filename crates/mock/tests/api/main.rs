//! The mock, as pages call it.

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
