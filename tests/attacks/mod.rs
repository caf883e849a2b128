// SPDX-License-Identifier: GPL-2.0

//! The catalogue of attacks: what a hostile tenant tries, one file for each,
//! named as the attack. Each is shown to work where nothing stops it.

macro_rules! attacks {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// All attacks, in the order they run.
        pub fn all() -> Vec<crate::registry::Test> {
            let groups: Vec<Vec<crate::registry::Test>> = vec![$($name::tests()),*];
            groups.into_iter().flatten().collect()
        }
    };
}

// One group for each kind, by the letter.
attacks! {
    // --- addresses, options and packets

    // --- families, protocols and BPF

    // --- processes, descriptors and rings
}
