"""What is measured: suites of tasks over cities."""
